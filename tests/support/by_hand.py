"""What a night over the shop has to find, in SQL that was written by hand for the demo's day."""

from __future__ import annotations

BY_HAND = {
    "logins": "SELECT count(*) FROM login_log WHERE logged_in_at >= '1990-01-01' AND logged_in_at < '2026-08-24'",
    "staff_access": "SELECT count(*) FROM staff_access_log WHERE accessed_at < '2024-11-24'",
    "advertising": "SELECT count(*) FROM advertising_shown WHERE shown_on < '2026-05-24'",
    "disputes": "SELECT count(*) FROM inquiry WHERE closed_at < '2023-11-24'",
    "refunds": "SELECT count(*) FROM refund WHERE refunded_at < '2021-11-24'",
    "payments": """SELECT count(*) FROM payment p WHERE settled_at < '2026-11-24' AND paid_at < '2021-11-24'
        AND (supplied_at IS NULL OR supplied_at < '2021-11-24') AND NOT EXISTS (SELECT 1 FROM refund r
        WHERE r.payment_id = p.id AND (r.refunded_at IS NULL OR r.refunded_at >= '2021-11-24'))""",
    "shipments": """SELECT count(*) FROM shipment WHERE delivered_at < '2021-11-24' AND shipped_at < '2021-11-24'""",
    "marketing_items": """SELECT count(*) FROM marketing_consent c JOIN member m ON m.id = c.member_id
        WHERE c.withdrawn_at < '2026-11-24' OR m.left_at < '2026-11-24'""",
    "usage": "SELECT count(*) FROM usage_log WHERE used_at < '2026-08-23 15:00:00'",
    "member_profile": """SELECT count(*) FROM member WHERE left_at >= '1990-01-01' AND left_at < '2026-11-24' AND NOT (
        password_hash IS NULL AND nickname IS NULL AND company IS NULL AND recommender_id IS NULL AND birth_date IS NULL
        AND sex IS NULL AND occupation IS NULL AND picture_url IS NULL)""",
}
LEFT = {
    "member_profile": "SELECT count(*) FROM member WHERE left_at >= '1990-01-01' AND left_at < '2026-11-24' "
    "AND nickname IS NOT NULL",
    "marketing_items": BY_HAND["marketing_items"].replace("WHERE", "WHERE (") + ") AND c.name IS NOT NULL",
    "usage": BY_HAND["usage"] + " AND (user_agent IS NOT NULL OR login_id LIKE 'learner%')",
}
DELETED_BY_HAND = ("logins", "staff_access", "advertising", "disputes", "refunds", "payments", "shipments")

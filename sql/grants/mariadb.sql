-- What a role needs to carry out the demo shop's matrix on MariaDB, and nothing else.
-- Made by `retention init CONNECTION --grants retention`; a test holds this file equal to it, and runs a night so.
-- The role that checks a matrix for triggers may want to see more: run `retention check` once as an administrator.

GRANT PROCESS ON *.* TO 'retention'@'%';
GRANT CREATE TEMPORARY TABLES ON shop.* TO 'retention'@'%';
GRANT SELECT, UPDATE (password_hash, nickname, company, recommender_id, birth_date, sex, occupation, picture_url, login_id, name, mobile, email, address, anonymized_at) ON shop.member TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.sns_account TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.profile_picture TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.post TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.course_record TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.suspension_record TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.orders TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.order_item TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.payment TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.card_payment TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.bank_payment TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.paypal_payment TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.refund TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.contract_withdrawal TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.shipment TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.inquiry TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.inquiry_message TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.advertising_shown TO 'retention'@'%';
GRANT SELECT, UPDATE (name, mobile, email, address, birth_date, sex, occupation), DELETE ON shop.marketing_consent TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.login_log TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.staff_access_log TO 'retention'@'%';
GRANT SELECT, UPDATE (login_id, access_ip, user_agent), DELETE ON shop.usage_log TO 'retention'@'%';
GRANT SELECT, DELETE ON shop.processor_transfer TO 'retention'@'%';
GRANT SELECT ON shop.retention_identity TO 'retention'@'%';
GRANT SELECT, INSERT, UPDATE ON shop.retention_lease TO 'retention'@'%';
GRANT SELECT, INSERT ON shop.retention_batch TO 'retention'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.retention_done TO 'retention'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.retention_clock TO 'retention'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.retention_hold TO 'retention'@'%';

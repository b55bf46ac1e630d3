-- What a role needs to carry out the demo shop's matrix on PostgreSQL, and nothing else.
-- Made by `retention init CONNECTION --grants retention`; a test holds this file equal to it, and runs a night so.

GRANT CONNECT, TEMPORARY ON DATABASE shop TO retention;
GRANT USAGE ON SCHEMA public TO retention;
GRANT SELECT, UPDATE (password_hash, nickname, company, recommender_id, birth_date, sex, occupation, picture_url, login_id, name, mobile, email, address, anonymized_at) ON public.member TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.sns_account TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.profile_picture TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.post TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.course_record TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.suspension_record TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.orders TO retention;
GRANT SELECT, DELETE, UPDATE (order_id) ON public.order_item TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.payment TO retention;
GRANT SELECT, DELETE, UPDATE (payment_id) ON public.card_payment TO retention;
GRANT SELECT, DELETE, UPDATE (payment_id) ON public.bank_payment TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.paypal_payment TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.refund TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.contract_withdrawal TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.shipment TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.inquiry TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.inquiry_message TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.advertising_shown TO retention;
GRANT SELECT, UPDATE (name, mobile, email, address, birth_date, sex, occupation), DELETE ON public.marketing_consent TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.login_log TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.staff_access_log TO retention;
GRANT SELECT, UPDATE (login_id, access_ip, user_agent), DELETE ON public.usage_log TO retention;
GRANT SELECT, DELETE, UPDATE (id) ON public.processor_transfer TO retention;
GRANT SELECT, UPDATE (version) ON public.retention_identity TO retention;
GRANT SELECT, INSERT, UPDATE ON public.retention_lease TO retention;
GRANT SELECT, INSERT ON public.retention_batch TO retention;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.retention_done TO retention;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.retention_clock TO retention;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.retention_hold TO retention;

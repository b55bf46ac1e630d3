-- The shape of the tables of an open-source shop (Saleor, github.com/saleor/saleor): names of tables and columns and
-- what refers to what, cut down to what matters here. {instant} and {text} are each engine's own.

CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, applied {instant} NOT NULL);
CREATE TABLE site_sitesettings (id INTEGER PRIMARY KEY, header_text VARCHAR(200), default_mail_sender_name VARCHAR(78), default_mail_sender_address VARCHAR(254));
CREATE TABLE channel_channel (id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL, slug VARCHAR(255) NOT NULL UNIQUE, currency_code VARCHAR(3) NOT NULL);

CREATE TABLE account_address (
    id INTEGER PRIMARY KEY, first_name VARCHAR(256), last_name VARCHAR(256), company_name VARCHAR(256),
    street_address_1 VARCHAR(256), street_address_2 VARCHAR(256), city VARCHAR(256), city_area VARCHAR(128),
    postal_code VARCHAR(20), country VARCHAR(2) NOT NULL, country_area VARCHAR(128), phone VARCHAR(128));
CREATE TABLE account_user (
    id INTEGER PRIMARY KEY, password VARCHAR(128), last_login {instant}, is_superuser BOOLEAN NOT NULL,
    email VARCHAR(254) NOT NULL UNIQUE, is_staff BOOLEAN NOT NULL, is_active BOOLEAN NOT NULL,
    date_joined {instant} NOT NULL, default_billing_address_id INTEGER, default_shipping_address_id INTEGER,
    note {text}, first_name VARCHAR(256), last_name VARCHAR(256), avatar VARCHAR(100),
    language_code VARCHAR(35), jwt_token_key VARCHAR(12), updated_at {instant}, deactivated_at {instant},
    FOREIGN KEY (default_billing_address_id) REFERENCES account_address (id) ON DELETE SET NULL,
    FOREIGN KEY (default_shipping_address_id) REFERENCES account_address (id) ON DELETE SET NULL);
CREATE TABLE account_user_addresses (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, address_id INTEGER NOT NULL,
    FOREIGN KEY (user_id) REFERENCES account_user (id), FOREIGN KEY (address_id) REFERENCES account_address (id));
CREATE TABLE account_group (id INTEGER PRIMARY KEY, name VARCHAR(150) NOT NULL UNIQUE);
CREATE TABLE account_user_groups (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, group_id INTEGER NOT NULL,
    FOREIGN KEY (user_id) REFERENCES account_user (id), FOREIGN KEY (group_id) REFERENCES account_group (id));
CREATE TABLE account_customernote (
    id INTEGER PRIMARY KEY, date {instant} NOT NULL, content {text} NOT NULL, is_public BOOLEAN NOT NULL,
    customer_id INTEGER NOT NULL, user_id INTEGER,
    FOREIGN KEY (customer_id) REFERENCES account_user (id), FOREIGN KEY (user_id) REFERENCES account_user (id));
CREATE TABLE account_staffnotificationrecipient (
    id INTEGER PRIMARY KEY, staff_email VARCHAR(254) UNIQUE, active BOOLEAN NOT NULL, user_id INTEGER UNIQUE,
    FOREIGN KEY (user_id) REFERENCES account_user (id));
CREATE TABLE app_app (id INTEGER PRIMARY KEY, name VARCHAR(60) NOT NULL, created_at {instant} NOT NULL, is_active BOOLEAN NOT NULL);
CREATE TABLE app_apptoken (
    id INTEGER PRIMARY KEY, name VARCHAR(128) NOT NULL, auth_token VARCHAR(87) NOT NULL UNIQUE, app_id INTEGER NOT NULL,
    FOREIGN KEY (app_id) REFERENCES app_app (id));

CREATE TABLE product_category (
    id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL, slug VARCHAR(255) NOT NULL UNIQUE, parent_id INTEGER,
    FOREIGN KEY (parent_id) REFERENCES product_category (id));
CREATE TABLE product_producttype (id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL, has_variants BOOLEAN NOT NULL);
CREATE TABLE product_product (
    id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL, created_at {instant} NOT NULL, updated_at {instant} NOT NULL,
    category_id INTEGER, product_type_id INTEGER NOT NULL,
    FOREIGN KEY (category_id) REFERENCES product_category (id),
    FOREIGN KEY (product_type_id) REFERENCES product_producttype (id));
CREATE TABLE product_productvariant (
    id INTEGER PRIMARY KEY, sku VARCHAR(255) UNIQUE, name VARCHAR(255) NOT NULL, product_id INTEGER NOT NULL,
    FOREIGN KEY (product_id) REFERENCES product_product (id));
CREATE TABLE product_collection (id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL, slug VARCHAR(255) NOT NULL UNIQUE);
CREATE TABLE product_collectionproduct (
    id INTEGER PRIMARY KEY, collection_id INTEGER NOT NULL, product_id INTEGER NOT NULL,
    FOREIGN KEY (collection_id) REFERENCES product_collection (id),
    FOREIGN KEY (product_id) REFERENCES product_product (id));
CREATE TABLE discount_voucher (id INTEGER PRIMARY KEY, name VARCHAR(255), start_date {instant} NOT NULL, end_date {instant});
CREATE TABLE discount_vouchercustomer (
    id INTEGER PRIMARY KEY, customer_email VARCHAR(254) NOT NULL, voucher_id INTEGER NOT NULL,
    FOREIGN KEY (voucher_id) REFERENCES discount_voucher (id));
CREATE TABLE warehouse_warehouse (
    id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL, email VARCHAR(254) NOT NULL, address_id INTEGER NOT NULL,
    FOREIGN KEY (address_id) REFERENCES account_address (id));
CREATE TABLE warehouse_stock (
    id INTEGER PRIMARY KEY, quantity INTEGER NOT NULL, product_variant_id INTEGER NOT NULL, warehouse_id INTEGER NOT NULL,
    FOREIGN KEY (product_variant_id) REFERENCES product_productvariant (id),
    FOREIGN KEY (warehouse_id) REFERENCES warehouse_warehouse (id));
CREATE TABLE shipping_shippingzone (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL);
CREATE TABLE shipping_shippingmethod (
    id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, shipping_zone_id INTEGER NOT NULL,
    FOREIGN KEY (shipping_zone_id) REFERENCES shipping_shippingzone (id));

CREATE TABLE checkout_checkout (
    token VARCHAR(36) PRIMARY KEY, created_at {instant} NOT NULL, last_change {instant} NOT NULL, email VARCHAR(254),
    note {text}, user_id INTEGER, billing_address_id INTEGER, shipping_address_id INTEGER, channel_id INTEGER NOT NULL,
    FOREIGN KEY (user_id) REFERENCES account_user (id),
    FOREIGN KEY (billing_address_id) REFERENCES account_address (id),
    FOREIGN KEY (shipping_address_id) REFERENCES account_address (id),
    FOREIGN KEY (channel_id) REFERENCES channel_channel (id));
CREATE TABLE checkout_checkoutline (
    id INTEGER PRIMARY KEY, quantity INTEGER NOT NULL, checkout_id VARCHAR(36) NOT NULL, variant_id INTEGER NOT NULL,
    FOREIGN KEY (checkout_id) REFERENCES checkout_checkout (token),
    FOREIGN KEY (variant_id) REFERENCES product_productvariant (id));

CREATE TABLE order_order (
    id INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE, created_at {instant} NOT NULL, updated_at {instant} NOT NULL,
    status VARCHAR(32) NOT NULL, user_email VARCHAR(254), tracking_client_id VARCHAR(36), customer_note {text},
    total_gross_amount NUMERIC(12, 3) NOT NULL, user_id INTEGER, billing_address_id INTEGER,
    shipping_address_id INTEGER, shipping_method_id INTEGER, voucher_id INTEGER, channel_id INTEGER NOT NULL,
    FOREIGN KEY (user_id) REFERENCES account_user (id),
    FOREIGN KEY (billing_address_id) REFERENCES account_address (id),
    FOREIGN KEY (shipping_address_id) REFERENCES account_address (id),
    FOREIGN KEY (shipping_method_id) REFERENCES shipping_shippingmethod (id),
    FOREIGN KEY (voucher_id) REFERENCES discount_voucher (id),
    FOREIGN KEY (channel_id) REFERENCES channel_channel (id));
CREATE TABLE order_orderline (
    id INTEGER PRIMARY KEY, product_name VARCHAR(386) NOT NULL, quantity INTEGER NOT NULL, order_id INTEGER NOT NULL,
    variant_id INTEGER, FOREIGN KEY (order_id) REFERENCES order_order (id),
    FOREIGN KEY (variant_id) REFERENCES product_productvariant (id));
CREATE TABLE warehouse_allocation (
    id INTEGER PRIMARY KEY, quantity_allocated INTEGER NOT NULL, order_line_id INTEGER NOT NULL, stock_id INTEGER NOT NULL,
    FOREIGN KEY (order_line_id) REFERENCES order_orderline (id), FOREIGN KEY (stock_id) REFERENCES warehouse_stock (id));
CREATE TABLE order_fulfillment (
    id INTEGER PRIMARY KEY, fulfillment_order INTEGER NOT NULL, status VARCHAR(32) NOT NULL,
    tracking_number VARCHAR(255) NOT NULL, created_at {instant} NOT NULL, order_id INTEGER NOT NULL,
    FOREIGN KEY (order_id) REFERENCES order_order (id));
CREATE TABLE order_fulfillmentline (
    id INTEGER PRIMARY KEY, quantity INTEGER NOT NULL, fulfillment_id INTEGER NOT NULL, order_line_id INTEGER NOT NULL,
    FOREIGN KEY (fulfillment_id) REFERENCES order_fulfillment (id),
    FOREIGN KEY (order_line_id) REFERENCES order_orderline (id));
CREATE TABLE order_orderevent (
    id INTEGER PRIMARY KEY, date {instant} NOT NULL, type VARCHAR(255) NOT NULL, parameters {text},
    order_id INTEGER NOT NULL, user_id INTEGER,
    FOREIGN KEY (order_id) REFERENCES order_order (id), FOREIGN KEY (user_id) REFERENCES account_user (id));
CREATE TABLE account_customerevent (
    id INTEGER PRIMARY KEY, date {instant} NOT NULL, type VARCHAR(255) NOT NULL, parameters {text},
    order_id INTEGER, user_id INTEGER,
    FOREIGN KEY (order_id) REFERENCES order_order (id), FOREIGN KEY (user_id) REFERENCES account_user (id));
CREATE TABLE payment_payment (
    id INTEGER PRIMARY KEY, gateway VARCHAR(255) NOT NULL, is_active BOOLEAN NOT NULL, created_at {instant} NOT NULL,
    modified_at {instant} NOT NULL, charge_status VARCHAR(20) NOT NULL, billing_first_name VARCHAR(256),
    billing_last_name VARCHAR(256), billing_company_name VARCHAR(256), billing_address_1 VARCHAR(256),
    billing_city VARCHAR(128), billing_postal_code VARCHAR(256), billing_email VARCHAR(254),
    customer_ip_address VARCHAR(39), cc_brand VARCHAR(40), cc_last_digits VARCHAR(4), token VARCHAR(512),
    total NUMERIC(12, 3) NOT NULL, order_id INTEGER, checkout_id VARCHAR(36),
    FOREIGN KEY (order_id) REFERENCES order_order (id), FOREIGN KEY (checkout_id) REFERENCES checkout_checkout (token));
CREATE TABLE payment_transaction (
    id INTEGER PRIMARY KEY, created_at {instant} NOT NULL, kind VARCHAR(25) NOT NULL, is_success BOOLEAN NOT NULL,
    gateway_response {text}, payment_id INTEGER NOT NULL, FOREIGN KEY (payment_id) REFERENCES payment_payment (id));
CREATE TABLE invoice_invoice (
    id INTEGER PRIMARY KEY, number VARCHAR(255), created_at {instant} NOT NULL, external_url VARCHAR(2048),
    order_id INTEGER, FOREIGN KEY (order_id) REFERENCES order_order (id));
CREATE TABLE giftcard_giftcard (
    id INTEGER PRIMARY KEY, code VARCHAR(16) NOT NULL UNIQUE, created_at {instant} NOT NULL, expiry_date DATE,
    last_used_on {instant}, used_by_email VARCHAR(254), created_by_email VARCHAR(254), used_by_id INTEGER,
    created_by_id INTEGER, FOREIGN KEY (used_by_id) REFERENCES account_user (id),
    FOREIGN KEY (created_by_id) REFERENCES account_user (id));
CREATE TABLE menu_menu (id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL, slug VARCHAR(255) NOT NULL UNIQUE);
CREATE TABLE menu_menuitem (
    id INTEGER PRIMARY KEY, name VARCHAR(128) NOT NULL, menu_id INTEGER NOT NULL, parent_id INTEGER,
    FOREIGN KEY (menu_id) REFERENCES menu_menu (id), FOREIGN KEY (parent_id) REFERENCES menu_menuitem (id));
CREATE TABLE page_pagetype (id INTEGER PRIMARY KEY, name VARCHAR(250) NOT NULL);
CREATE TABLE page_page (
    id INTEGER PRIMARY KEY, title VARCHAR(250) NOT NULL, created_at {instant} NOT NULL, page_type_id INTEGER NOT NULL,
    FOREIGN KEY (page_type_id) REFERENCES page_pagetype (id));
CREATE TABLE webhook_webhook (
    id INTEGER PRIMARY KEY, target_url VARCHAR(255) NOT NULL, app_id INTEGER NOT NULL,
    FOREIGN KEY (app_id) REFERENCES app_app (id));
CREATE TABLE core_eventpayload (id INTEGER PRIMARY KEY, payload {text} NOT NULL, created_at {instant} NOT NULL);
CREATE TABLE core_eventdelivery (
    id INTEGER PRIMARY KEY, created_at {instant} NOT NULL, status VARCHAR(255) NOT NULL, webhook_id INTEGER NOT NULL,
    payload_id INTEGER, FOREIGN KEY (webhook_id) REFERENCES webhook_webhook (id),
    FOREIGN KEY (payload_id) REFERENCES core_eventpayload (id));
CREATE TABLE csv_exportfile (
    id INTEGER PRIMARY KEY, status VARCHAR(50) NOT NULL, created_at {instant} NOT NULL, content_file VARCHAR(255),
    user_id INTEGER, FOREIGN KEY (user_id) REFERENCES account_user (id));
CREATE TABLE session_log (
    id INTEGER PRIMARY KEY, member_no INTEGER, account_user_id INTEGER, ip_address VARCHAR(39), user_agent VARCHAR(200),
    created INTEGER NOT NULL);

CREATE INDEX account_user_addresses_user ON account_user_addresses (user_id);
CREATE INDEX order_orderline_order ON order_orderline (order_id);
CREATE INDEX order_fulfillment_order ON order_fulfillment (order_id);
CREATE INDEX payment_payment_order ON payment_payment (order_id);
CREATE INDEX order_order_created ON order_order (created_at);
CREATE INDEX order_order_user ON order_order (user_id);

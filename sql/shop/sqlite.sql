-- The demo shop, for SQLite: an online-education shop that can hold every item of its privacy policy.
-- orders.member_id and paypal_payment.payment_ref have no foreign key, as in many a grown shop: the matrix declares them.

CREATE TABLE course (
    id INTEGER PRIMARY KEY,
    title VARCHAR(200) NOT NULL,
    price INTEGER NOT NULL CHECK (price >= 0),
    opened_on DATE NOT NULL
);

CREATE TABLE member (
    id INTEGER PRIMARY KEY,
    login_id VARCHAR(40) NOT NULL UNIQUE,
    password_hash VARCHAR(100),
    name VARCHAR(60) NOT NULL,
    nickname VARCHAR(60),
    mobile VARCHAR(20),
    email VARCHAR(100),
    address VARCHAR(200),
    company VARCHAR(60),
    recommender_id INTEGER REFERENCES member (id),
    birth_date DATE,
    sex CHAR(1) CHECK (sex IN ('F', 'M')),
    occupation VARCHAR(60),
    picture_url VARCHAR(200),
    status VARCHAR(20) NOT NULL CHECK (status IN ('active', 'left')),
    created_at DATETIME NOT NULL,
    left_at DATETIME,
    anonymized_at DATETIME
);
CREATE INDEX member_left_at ON member (left_at);
CREATE INDEX member_recommender ON member (recommender_id);

CREATE TABLE sns_account (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES member (id),
    provider VARCHAR(20) NOT NULL CHECK (provider IN ('kakao')),
    kakao_email VARCHAR(100),
    profile_nickname VARCHAR(60),
    profile_picture_url VARCHAR(200),
    linked_at DATETIME NOT NULL,
    UNIQUE (member_id, provider)
);

CREATE TABLE profile_picture (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES member (id),
    file_ref VARCHAR(200) NOT NULL UNIQUE,
    uploaded_at DATETIME NOT NULL
);
CREATE INDEX profile_picture_member ON profile_picture (member_id);

CREATE TABLE post (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES member (id),
    reply_to INTEGER REFERENCES post (id),
    board VARCHAR(20) NOT NULL,
    content TEXT NOT NULL,
    written_at DATETIME NOT NULL
);
CREATE INDEX post_member ON post (member_id);
CREATE INDEX post_reply_to ON post (reply_to);

CREATE TABLE course_record (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES member (id),
    course_id INTEGER NOT NULL REFERENCES course (id),
    progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    started_at DATETIME NOT NULL,
    completed_at DATETIME,
    UNIQUE (member_id, course_id)
);
CREATE INDEX course_record_course ON course_record (course_id);

CREATE TABLE suspension_record (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES member (id),
    reason VARCHAR(200) NOT NULL,
    suspended_at DATETIME NOT NULL,
    lifted_at DATETIME
);
CREATE INDEX suspension_record_member ON suspension_record (member_id);

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    order_no VARCHAR(30) NOT NULL UNIQUE,
    member_id INTEGER,
    orderer_name VARCHAR(60) NOT NULL,
    orderer_mobile VARCHAR(20) NOT NULL,
    orderer_email VARCHAR(100),
    orderer_sex CHAR(1) CHECK (orderer_sex IN ('F', 'M')),
    orderer_birth_year INTEGER,
    orderer_former_occupation VARCHAR(60),
    orderer_occupation VARCHAR(60),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    contracted_at DATETIME,
    withdrawn_at DATETIME,
    closed_at DATETIME
);
CREATE INDEX orders_member ON orders (member_id);
CREATE INDEX orders_contracted_at ON orders (contracted_at);
CREATE INDEX orders_withdrawn_at ON orders (withdrawn_at);
CREATE INDEX orders_closed_at ON orders (closed_at);

CREATE TABLE order_item (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line INTEGER NOT NULL,
    course_id INTEGER NOT NULL REFERENCES course (id),
    price INTEGER NOT NULL CHECK (price >= 0),
    PRIMARY KEY (order_id, line)
);
CREATE INDEX order_item_course ON order_item (course_id);

CREATE TABLE payment (
    id INTEGER PRIMARY KEY,
    ref VARCHAR(30) NOT NULL UNIQUE,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    method VARCHAR(20) NOT NULL CHECK (method IN ('card', 'bank', 'paypal')),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    status VARCHAR(20) NOT NULL CHECK (status IN ('paid', 'void')),
    paid_at DATETIME,
    supplied_at DATETIME,
    settled_at DATETIME
);
CREATE INDEX payment_order ON payment (order_id);
CREATE INDEX payment_paid_at ON payment (paid_at);
CREATE INDEX payment_supplied_at ON payment (supplied_at);
CREATE INDEX payment_settled_at ON payment (settled_at);

CREATE TABLE card_payment (
    payment_id INTEGER PRIMARY KEY REFERENCES payment (id),
    issuer VARCHAR(20) NOT NULL,
    card_number VARCHAR(30) NOT NULL,
    transaction_no VARCHAR(40) NOT NULL,
    approval_no VARCHAR(20) NOT NULL
);

CREATE TABLE bank_payment (
    payment_id INTEGER PRIMARY KEY REFERENCES payment (id),
    bank VARCHAR(20) NOT NULL,
    virtual_account VARCHAR(30) NOT NULL,
    payer_name VARCHAR(60) NOT NULL,
    transaction_no VARCHAR(40) NOT NULL
);

CREATE TABLE paypal_payment (
    id INTEGER PRIMARY KEY,
    payment_ref VARCHAR(30) NOT NULL,
    paypal_account VARCHAR(100) NOT NULL,
    payment_data VARCHAR(200)
);
CREATE INDEX paypal_payment_ref ON paypal_payment (payment_ref);

CREATE TABLE refund (
    id INTEGER PRIMARY KEY,
    payment_id INTEGER NOT NULL REFERENCES payment (id),
    account_bank VARCHAR(20),
    account_no VARCHAR(30),
    account_holder VARCHAR(60),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    requested_at DATETIME NOT NULL,
    refunded_at DATETIME
);
CREATE INDEX refund_payment ON refund (payment_id);
CREATE INDEX refund_refunded_at ON refund (refunded_at);

CREATE TABLE contract_withdrawal (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    reason VARCHAR(200),
    requested_at DATETIME NOT NULL,
    completed_at DATETIME
);
CREATE INDEX contract_withdrawal_order ON contract_withdrawal (order_id);
CREATE INDEX contract_withdrawal_requested_at ON contract_withdrawal (requested_at);
CREATE INDEX contract_withdrawal_completed_at ON contract_withdrawal (completed_at);

CREATE TABLE shipment (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    carrier VARCHAR(60) NOT NULL,
    tracking_no VARCHAR(30),
    receiver_name VARCHAR(60) NOT NULL,
    receiver_mobile VARCHAR(20) NOT NULL,
    receiver_address VARCHAR(200) NOT NULL,
    shipped_at DATETIME,
    delivered_at DATETIME
);
CREATE INDEX shipment_order ON shipment (order_id);
CREATE INDEX shipment_shipped_at ON shipment (shipped_at);
CREATE INDEX shipment_delivered_at ON shipment (delivered_at);

CREATE TABLE inquiry (
    id INTEGER PRIMARY KEY,
    member_id INTEGER REFERENCES member (id),
    order_id INTEGER REFERENCES orders (id),
    kind VARCHAR(20) NOT NULL CHECK (kind IN ('question', 'complaint', 'dispute')),
    name VARCHAR(60) NOT NULL,
    mobile VARCHAR(20),
    email VARCHAR(100),
    address VARCHAR(200),
    opened_at DATETIME NOT NULL,
    closed_at DATETIME
);
CREATE INDEX inquiry_member ON inquiry (member_id);
CREATE INDEX inquiry_order ON inquiry (order_id);
CREATE INDEX inquiry_closed_at ON inquiry (closed_at);

CREATE TABLE inquiry_message (
    id INTEGER PRIMARY KEY,
    inquiry_id INTEGER NOT NULL REFERENCES inquiry (id),
    sender VARCHAR(20) NOT NULL CHECK (sender IN ('customer', 'staff')),
    body TEXT NOT NULL,
    written_at DATETIME NOT NULL
);
CREATE INDEX inquiry_message_inquiry ON inquiry_message (inquiry_id);

CREATE TABLE advertising_shown (
    id INTEGER PRIMARY KEY,
    login_id VARCHAR(40),
    campaign VARCHAR(60) NOT NULL,
    channel VARCHAR(20) NOT NULL,
    shown_on DATE
);
CREATE INDEX advertising_shown_on ON advertising_shown (shown_on);

CREATE TABLE marketing_consent (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES member (id),
    channel VARCHAR(20) NOT NULL CHECK (channel IN ('sms', 'email')),
    name VARCHAR(60),
    mobile VARCHAR(20),
    email VARCHAR(100),
    address VARCHAR(200),
    birth_date DATE,
    sex CHAR(1),
    occupation VARCHAR(60),
    agreed_at DATETIME NOT NULL,
    withdrawn_at DATETIME,
    UNIQUE (member_id, channel)
);
CREATE INDEX marketing_consent_withdrawn_at ON marketing_consent (withdrawn_at);

CREATE TABLE login_log (
    id INTEGER PRIMARY KEY,
    login_id VARCHAR(40) NOT NULL,
    access_ip VARCHAR(45),
    device VARCHAR(60),
    logged_in_at DATETIME
);
CREATE INDEX login_log_at ON login_log (logged_in_at);

CREATE TABLE staff_access_log (
    id INTEGER PRIMARY KEY,
    staff_no VARCHAR(20) NOT NULL,
    access_ip VARCHAR(45) NOT NULL,
    subject_login_id VARCHAR(40),
    did VARCHAR(60) NOT NULL,
    accessed_at DATETIME NOT NULL
);
CREATE INDEX staff_access_log_at ON staff_access_log (accessed_at);

CREATE TABLE usage_log (
    id INTEGER PRIMARY KEY,
    login_id VARCHAR(60),
    access_ip VARCHAR(45),
    page VARCHAR(200) NOT NULL,
    user_agent VARCHAR(200),
    used_at DATETIME NOT NULL
);
CREATE INDEX usage_log_at ON usage_log (used_at);

CREATE TABLE processor_transfer (
    id INTEGER PRIMARY KEY,
    member_id INTEGER NOT NULL REFERENCES member (id),
    processor VARCHAR(60) NOT NULL,
    given VARCHAR(200) NOT NULL,
    given_on VARCHAR(10) NOT NULL,
    returned_on VARCHAR(10)
);
CREATE INDEX processor_transfer_member ON processor_transfer (member_id);
CREATE INDEX processor_transfer_returned_on ON processor_transfer (returned_on);

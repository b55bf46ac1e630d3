-- The demo shop, for MariaDB: an online-education shop that can hold every item of its privacy policy.
-- orders.member_id and paypal_payment.payment_ref have no foreign key, as in many a grown shop: the matrix declares them.

CREATE TABLE course (
    id BIGINT PRIMARY KEY,
    title VARCHAR(200) NOT NULL,
    price INTEGER NOT NULL CHECK (price >= 0),
    opened_on DATE NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE member (
    id BIGINT PRIMARY KEY,
    login_id VARCHAR(40) NOT NULL UNIQUE,
    password_hash VARCHAR(100),
    name VARCHAR(60) NOT NULL,
    nickname VARCHAR(60),
    mobile VARCHAR(20),
    email VARCHAR(100),
    address VARCHAR(200),
    company VARCHAR(60),
    recommender_id BIGINT,
    birth_date DATE,
    sex CHAR(1) CHECK (sex IN ('F', 'M')),
    occupation VARCHAR(60),
    picture_url VARCHAR(200),
    status VARCHAR(20) NOT NULL CHECK (status IN ('active', 'left')),
    created_at DATETIME NOT NULL,
    left_at DATETIME,
    anonymized_at DATETIME,
    FOREIGN KEY (recommender_id) REFERENCES member (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX member_left_at ON member (left_at);
CREATE INDEX member_recommender ON member (recommender_id);

CREATE TABLE sns_account (
    id BIGINT PRIMARY KEY,
    member_id BIGINT NOT NULL,
    provider VARCHAR(20) NOT NULL CHECK (provider IN ('kakao')),
    kakao_email VARCHAR(100),
    profile_nickname VARCHAR(60),
    profile_picture_url VARCHAR(200),
    linked_at DATETIME NOT NULL,
    UNIQUE (member_id, provider),
    FOREIGN KEY (member_id) REFERENCES member (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE profile_picture (
    id BIGINT PRIMARY KEY,
    member_id BIGINT NOT NULL,
    file_ref VARCHAR(200) NOT NULL UNIQUE,
    uploaded_at DATETIME NOT NULL,
    FOREIGN KEY (member_id) REFERENCES member (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX profile_picture_member ON profile_picture (member_id);

CREATE TABLE post (
    id BIGINT PRIMARY KEY,
    member_id BIGINT NOT NULL,
    reply_to BIGINT,
    board VARCHAR(20) NOT NULL,
    content TEXT NOT NULL,
    written_at DATETIME NOT NULL,
    FOREIGN KEY (member_id) REFERENCES member (id),
    FOREIGN KEY (reply_to) REFERENCES post (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX post_member ON post (member_id);
CREATE INDEX post_reply_to ON post (reply_to);

CREATE TABLE course_record (
    id BIGINT PRIMARY KEY,
    member_id BIGINT NOT NULL,
    course_id BIGINT NOT NULL,
    progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    started_at DATETIME NOT NULL,
    completed_at DATETIME,
    UNIQUE (member_id, course_id),
    FOREIGN KEY (member_id) REFERENCES member (id),
    FOREIGN KEY (course_id) REFERENCES course (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX course_record_course ON course_record (course_id);

CREATE TABLE suspension_record (
    id BIGINT PRIMARY KEY,
    member_id BIGINT NOT NULL,
    reason VARCHAR(200) NOT NULL,
    suspended_at DATETIME NOT NULL,
    lifted_at DATETIME,
    FOREIGN KEY (member_id) REFERENCES member (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX suspension_record_member ON suspension_record (member_id);

CREATE TABLE orders (
    id BIGINT PRIMARY KEY,
    order_no VARCHAR(30) NOT NULL UNIQUE,
    member_id BIGINT,
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
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX orders_member ON orders (member_id);
CREATE INDEX orders_contracted_at ON orders (contracted_at);
CREATE INDEX orders_withdrawn_at ON orders (withdrawn_at);
CREATE INDEX orders_closed_at ON orders (closed_at);

CREATE TABLE order_item (
    order_id BIGINT NOT NULL,
    line INTEGER NOT NULL,
    course_id BIGINT NOT NULL,
    price INTEGER NOT NULL CHECK (price >= 0),
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    FOREIGN KEY (course_id) REFERENCES course (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX order_item_course ON order_item (course_id);

CREATE TABLE payment (
    id BIGINT PRIMARY KEY,
    ref VARCHAR(30) NOT NULL UNIQUE,
    order_id BIGINT NOT NULL,
    method VARCHAR(20) NOT NULL CHECK (method IN ('card', 'bank', 'paypal')),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    status VARCHAR(20) NOT NULL CHECK (status IN ('paid', 'void')),
    paid_at DATETIME,
    supplied_at DATETIME,
    settled_at DATETIME,
    FOREIGN KEY (order_id) REFERENCES orders (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX payment_order ON payment (order_id);
CREATE INDEX payment_paid_at ON payment (paid_at);
CREATE INDEX payment_supplied_at ON payment (supplied_at);
CREATE INDEX payment_settled_at ON payment (settled_at);

CREATE TABLE card_payment (
    payment_id BIGINT PRIMARY KEY,
    issuer VARCHAR(20) NOT NULL,
    card_number VARCHAR(30) NOT NULL,
    transaction_no VARCHAR(40) NOT NULL,
    approval_no VARCHAR(20) NOT NULL,
    FOREIGN KEY (payment_id) REFERENCES payment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE bank_payment (
    payment_id BIGINT PRIMARY KEY,
    bank VARCHAR(20) NOT NULL,
    virtual_account VARCHAR(30) NOT NULL,
    payer_name VARCHAR(60) NOT NULL,
    transaction_no VARCHAR(40) NOT NULL,
    FOREIGN KEY (payment_id) REFERENCES payment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE paypal_payment (
    id BIGINT PRIMARY KEY,
    payment_ref VARCHAR(30) NOT NULL,
    paypal_account VARCHAR(100) NOT NULL,
    payment_data VARCHAR(200)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX paypal_payment_ref ON paypal_payment (payment_ref);

CREATE TABLE refund (
    id BIGINT PRIMARY KEY,
    payment_id BIGINT NOT NULL,
    account_bank VARCHAR(20),
    account_no VARCHAR(30),
    account_holder VARCHAR(60),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    requested_at DATETIME NOT NULL,
    refunded_at DATETIME,
    FOREIGN KEY (payment_id) REFERENCES payment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX refund_payment ON refund (payment_id);
CREATE INDEX refund_refunded_at ON refund (refunded_at);

CREATE TABLE contract_withdrawal (
    id BIGINT PRIMARY KEY,
    order_id BIGINT NOT NULL,
    reason VARCHAR(200),
    requested_at DATETIME NOT NULL,
    completed_at DATETIME,
    FOREIGN KEY (order_id) REFERENCES orders (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX contract_withdrawal_order ON contract_withdrawal (order_id);
CREATE INDEX contract_withdrawal_requested_at ON contract_withdrawal (requested_at);
CREATE INDEX contract_withdrawal_completed_at ON contract_withdrawal (completed_at);

CREATE TABLE shipment (
    id BIGINT PRIMARY KEY,
    order_id BIGINT NOT NULL,
    carrier VARCHAR(60) NOT NULL,
    tracking_no VARCHAR(30),
    receiver_name VARCHAR(60) NOT NULL,
    receiver_mobile VARCHAR(20) NOT NULL,
    receiver_address VARCHAR(200) NOT NULL,
    shipped_at DATETIME,
    delivered_at DATETIME,
    FOREIGN KEY (order_id) REFERENCES orders (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX shipment_order ON shipment (order_id);
CREATE INDEX shipment_shipped_at ON shipment (shipped_at);
CREATE INDEX shipment_delivered_at ON shipment (delivered_at);

CREATE TABLE inquiry (
    id BIGINT PRIMARY KEY,
    member_id BIGINT,
    order_id BIGINT,
    kind VARCHAR(20) NOT NULL CHECK (kind IN ('question', 'complaint', 'dispute')),
    name VARCHAR(60) NOT NULL,
    mobile VARCHAR(20),
    email VARCHAR(100),
    address VARCHAR(200),
    opened_at DATETIME NOT NULL,
    closed_at DATETIME,
    FOREIGN KEY (member_id) REFERENCES member (id),
    FOREIGN KEY (order_id) REFERENCES orders (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX inquiry_member ON inquiry (member_id);
CREATE INDEX inquiry_order ON inquiry (order_id);
CREATE INDEX inquiry_closed_at ON inquiry (closed_at);

CREATE TABLE inquiry_message (
    id BIGINT PRIMARY KEY,
    inquiry_id BIGINT NOT NULL,
    sender VARCHAR(20) NOT NULL CHECK (sender IN ('customer', 'staff')),
    body TEXT NOT NULL,
    written_at DATETIME NOT NULL,
    FOREIGN KEY (inquiry_id) REFERENCES inquiry (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX inquiry_message_inquiry ON inquiry_message (inquiry_id);

CREATE TABLE advertising_shown (
    id BIGINT PRIMARY KEY,
    login_id VARCHAR(40),
    campaign VARCHAR(60) NOT NULL,
    channel VARCHAR(20) NOT NULL,
    shown_on DATE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX advertising_shown_on ON advertising_shown (shown_on);

CREATE TABLE marketing_consent (
    id BIGINT PRIMARY KEY,
    member_id BIGINT NOT NULL,
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
    UNIQUE (member_id, channel),
    FOREIGN KEY (member_id) REFERENCES member (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX marketing_consent_withdrawn_at ON marketing_consent (withdrawn_at);

CREATE TABLE login_log (
    id BIGINT PRIMARY KEY,
    login_id VARCHAR(40) NOT NULL,
    access_ip VARCHAR(45),
    device VARCHAR(60),
    logged_in_at DATETIME
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX login_log_at ON login_log (logged_in_at);

CREATE TABLE staff_access_log (
    id BIGINT PRIMARY KEY,
    staff_no VARCHAR(20) NOT NULL,
    access_ip VARCHAR(45) NOT NULL,
    subject_login_id VARCHAR(40),
    did VARCHAR(60) NOT NULL,
    accessed_at DATETIME NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX staff_access_log_at ON staff_access_log (accessed_at);

CREATE TABLE usage_log (
    id BIGINT PRIMARY KEY,
    login_id VARCHAR(60),
    access_ip VARCHAR(45),
    page VARCHAR(200) NOT NULL,
    user_agent VARCHAR(200),
    used_at DATETIME NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX usage_log_at ON usage_log (used_at);

CREATE TABLE processor_transfer (
    id BIGINT PRIMARY KEY,
    member_id BIGINT NOT NULL,
    processor VARCHAR(60) NOT NULL,
    given VARCHAR(200) NOT NULL,
    given_on VARCHAR(10) NOT NULL,
    returned_on VARCHAR(10),
    FOREIGN KEY (member_id) REFERENCES member (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX processor_transfer_member ON processor_transfer (member_id);
CREATE INDEX processor_transfer_returned_on ON processor_transfer (returned_on);

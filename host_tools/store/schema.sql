-- docs/database.md says what each table is for. minute: since 1970; sequence: a record's number.
CREATE TABLE devices (
    device BLOB PRIMARY KEY CHECK (length(device) = 8),
    key BLOB NOT NULL CHECK (length(key) = 32),
    name TEXT NOT NULL,
    board TEXT NOT NULL,
    firmware TEXT NOT NULL,
    last_pull INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    opened INTEGER NOT NULL DEFAULT 0,
    chain BLOB,
    other_chains BLOB NOT NULL DEFAULT x'',
    accepted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE records (
    device BLOB NOT NULL REFERENCES devices,
    sequence INTEGER NOT NULL,
    type INTEGER NOT NULL,
    minute INTEGER,
    raw BLOB NOT NULL,
    problem TEXT,
    sealed_to BLOB,
    mended INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (device, sequence)
) WITHOUT ROWID;
CREATE INDEX records_not_opened ON records (device, sealed_to) WHERE sealed_to IS NOT NULL;
CREATE INDEX epochs ON records (device, sequence) WHERE type = 10;
CREATE TABLE gaps (
    device BLOB NOT NULL REFERENCES devices,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    elsewhere INTEGER NOT NULL,
    PRIMARY KEY (device, first)
) WITHOUT ROWID;
CREATE TABLE checkpoints (
    device BLOB NOT NULL REFERENCES devices,
    first INTEGER NOT NULL,
    sector INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    chain BLOB NOT NULL,
    PRIMARY KEY (device, first)
) WITHOUT ROWID;
CREATE TABLE damaged_sectors (
    device BLOB NOT NULL REFERENCES devices,
    sector INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    torn INTEGER NOT NULL,
    is_header_lost INTEGER NOT NULL,
    fetched INTEGER NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (device, sector, first)
) WITHOUT ROWID;
CREATE TABLE registrations (
    device BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    minute INTEGER,
    tube INTEGER,
    position INTEGER,
    subject BLOB NOT NULL,
    cti BLOB NOT NULL,
    issuer INTEGER NOT NULL,
    relation INTEGER NOT NULL,
    staff INTEGER NOT NULL,
    PRIMARY KEY (device, sequence)
) WITHOUT ROWID;
CREATE TABLE manual (
    device BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    minute INTEGER,
    tube INTEGER,
    position INTEGER,
    kind INTEGER NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    staff INTEGER NOT NULL,
    PRIMARY KEY (device, sequence)
) WITHOUT ROWID;
CREATE TABLE voids (
    device BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    registration INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    staff INTEGER NOT NULL,
    PRIMARY KEY (device, sequence)
) WITHOUT ROWID;
CREATE INDEX voids_by_registration ON voids (device, registration);
CREATE TABLE tubes (
    device BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    tube TEXT NOT NULL,
    opened_minute INTEGER,
    closed_sequence INTEGER,
    closed_minute INTEGER,
    closed_people INTEGER,
    PRIMARY KEY (device, sequence)
) WITHOUT ROWID;
CREATE INDEX tubes_by_text ON tubes (tube);
CREATE TABLE refusals (
    device BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    from_time INTEGER,
    to_time INTEGER,
    PRIMARY KEY (device, sequence, reason)
) WITHOUT ROWID;
CREATE TABLE events (
    device BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    type INTEGER NOT NULL,
    minute INTEGER,
    content TEXT NOT NULL,
    PRIMARY KEY (device, sequence)
) WITHOUT ROWID;
CREATE TABLE statements (
    device BLOB NOT NULL,
    nonce BLOB NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    chain BLOB NOT NULL,
    device_time INTEGER NOT NULL,
    host_time INTEGER NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (device, nonce)
) WITHOUT ROWID;
-- Nothing in these two counts: no statement by the device covers it.
CREATE TABLE unproven (
    number INTEGER NOT NULL,
    device BLOB NOT NULL,
    key BLOB NOT NULL,
    unix_s INTEGER NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (number)
) WITHOUT ROWID;
CREATE TABLE unproven_records (
    number INTEGER NOT NULL REFERENCES unproven,
    position INTEGER NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (number, position)
) WITHOUT ROWID;
-- Registrations that count, with their tube's barcode.
CREATE VIEW people AS
SELECT r.device, r.sequence, r.minute * 60 AS time, r.subject, r.cti, r.issuer, r.relation,
    t.tube, r.tube AS tube_sequence, r.position, r.staff
FROM registrations r LEFT JOIN tubes t ON t.device = r.device AND t.sequence = r.tube
WHERE NOT EXISTS
    (SELECT 1 FROM voids v WHERE v.device = r.device AND v.registration = r.sequence);

-- Version 1 of the ledger, as it was released, with one finding of each kind. Never change it.
CREATE TABLE findings (
    id         TEXT   NOT NULL PRIMARY KEY,
    gate       TEXT   NOT NULL,
    rule       TEXT   NOT NULL,
    class      TEXT   NOT NULL,
    severity   TEXT   NOT NULL,
    effect     TEXT   NOT NULL,
    spot       TEXT   NOT NULL,  -- change, file, commit-message, tag-message, ref
    name       BLOB   NOT NULL,  -- the path, tag or ref, as bytes; empty where there is none
    line       BIGINT NOT NULL,
    col        BIGINT NOT NULL,
    end_line   BIGINT NOT NULL,
    anchor     TEXT   NOT NULL,
    message    TEXT   NOT NULL,
    suggestion TEXT   NOT NULL,
    locators   TEXT   NOT NULL,  -- a JSON object, from the locator's name to its hash
    content    TEXT,             -- the object that it was seen in: a file's blob, a ref's commit
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    times      BIGINT NOT NULL
);
CREATE INDEX findings_by_place ON findings (gate, rule, spot, name);
CREATE INDEX findings_by_last_seen ON findings (last_seen);

CREATE TABLE sightings (
    finding    TEXT   NOT NULL REFERENCES findings (id),
    change     TEXT   NOT NULL,
    name       BLOB   NOT NULL,
    line       BIGINT NOT NULL,
    commit_oid TEXT,
    tree_oid   TEXT,
    branch     TEXT,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    times      BIGINT NOT NULL,
    PRIMARY KEY (finding, change)
);
CREATE INDEX sightings_by_name ON sightings (name);
CREATE INDEX sightings_by_last_seen ON sightings (last_seen);

CREATE TABLE dispositions (
    finding    TEXT   NOT NULL REFERENCES findings (id),
    number     BIGINT NOT NULL,  -- 1, 2, 3 … for each finding; the highest one holds
    decision   TEXT   NOT NULL,  -- accepted, dismissed, fixed, reopened
    actor      TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    time       BIGINT NOT NULL,
    until      BIGINT,
    PRIMARY KEY (finding, number)
);

INSERT INTO findings VALUES
    ('01HF7YAT00AAAAAAAAAAAAAAAA', 'secrets', 'github-token', 'security/exposed-secret', 'critical', 'block', 'file',
     x'642fff', 3, 5, 3, 'token = ghp_…', 'a token', 'revoke it', '{"context1":"aa","text":"bb"}',
     '0000000000000000000000000000000000000001', 1700000000000, 1700000500000, 3),
    ('01HF7YAT00BBBBBBBBBBBBBBBB', 'scope', 'size', 'other/scope', 'low', 'warn', 'change',
     x'', 0, 0, 0, '', '5 files', '', '{}', NULL, 1700000000000, 1700000000000, 1),
    ('01HF7YAT00CCCCCCCCCCCCCCCC', 'commit-message', 'form', 'other/form', 'medium', 'warn', 'commit-message',
     x'', 1, 0, 1, 'Fix', 'no type', '', '{}', NULL, 1700000000000, 1700000000000, 1),
    ('01HF7YAT00DDDDDDDDDDDDDDDD', 'constitution', 'R-7f3a', 'error-handling/unchecked-result', 'high', 'shadow',
     'tag-message', x'7631', 1, 0, 1, 'x', 'y', '', '{}', NULL, 1700000000000, 1700000000000, 1),
    ('01HF7YAT00EEEEEEEEEEEEEEEE', 'protected-branch', 'force', 'other/force', 'high', 'block', 'ref',
     x'726566732f68656164732f6d61696e', 0, 0, 0, '', 'z', '', '{}', '0000000000000000000000000000000000000002', 1700000000000,
     1700000000000, 1);
INSERT INTO sightings VALUES
    ('01HF7YAT00AAAAAAAAAAAAAAAA', '0000000000000000000000000000000000000003', x'642fff', 3, NULL, '0000000000000000000000000000000000000004', 'main', 1700000000000, 1700000000000, 1),
    ('01HF7YAT00AAAAAAAAAAAAAAAA', '0000000000000000000000000000000000000005', x'642fff', 3, '0000000000000000000000000000000000000006', '0000000000000000000000000000000000000007', NULL, 1700000400000, 1700000500000, 2),
    ('01HF7YAT00BBBBBBBBBBBBBBBB', 'root', x'', 0, NULL, NULL, NULL, 1700000000000, 1700000000000, 1);
INSERT INTO dispositions VALUES
    ('01HF7YAT00AAAAAAAAAAAAAAAA', 1, 'accepted', 'A Person <person@example.invalid>', 'known', 1700000100000,
     1700000200000),
    ('01HF7YAT00AAAAAAAAAAAAAAAA', 2, 'reopened', 'ci', 'not so', 1700000300000, NULL),
    ('01HF7YAT00AAAAAAAAAAAAAAAA', 3, 'dismissed', 'ci', 'a sample', 1700000310000, 1800000000000);
PRAGMA user_version = 1;

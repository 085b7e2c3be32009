-- Written by a test, never by hand; see README.md.
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
CREATE TABLE specs (
    id         TEXT   NOT NULL,
    hash       TEXT   NOT NULL,  -- of the content
    path       TEXT   NOT NULL,
    worktree   BLOB   NOT NULL,
    size       TEXT   NOT NULL,
    accepted   BIGINT NOT NULL,  -- 1 where it was fit for a run
    problems   TEXT   NOT NULL,  -- a JSON array
    time       BIGINT NOT NULL,
    PRIMARY KEY (id, hash)
);
CREATE TABLE calls (
    run        TEXT   NOT NULL,
    key        TEXT   NOT NULL,  -- the name of the call within its run
    role       TEXT   NOT NULL,
    agent      TEXT   NOT NULL,
    family     TEXT   NOT NULL,
    model      TEXT   NOT NULL,  -- empty where nobody said
    version    TEXT   NOT NULL,  -- of the program; empty where it has none
    started    BIGINT NOT NULL,
    ended      BIGINT,           -- unknown while it is under way, or where it was killed
    outcome    TEXT   NOT NULL,
    input      BIGINT,           -- tokens and money: unknown is not zero
    cached     BIGINT,
    output     BIGINT,
    money      BIGINT,           -- in millionths of a US dollar
    priced     BIGINT NOT NULL,  -- 1 where the money was computed from the price table
    budget     BIGINT NOT NULL,  -- what it counts for where its money is unknown
    PRIMARY KEY (run, key)
);
CREATE INDEX calls_by_started ON calls (started);
CREATE TABLE receipts (
    question   TEXT   NOT NULL PRIMARY KEY,
    id         TEXT   NOT NULL,  -- BLAKE3 of question and body
    body       TEXT   NOT NULL,  -- JSON
    time       BIGINT NOT NULL,
    first      BIGINT NOT NULL   -- when there was first one for this question
);
CREATE TABLE waits (
    agent      TEXT   NOT NULL PRIMARY KEY,
    until      BIGINT NOT NULL
);
INSERT INTO findings VALUES ('01KJWBG7G0GVGNMH36NBAEEPFT', 'review', 'correctness/off-by-one', 'correctness/off-by-one', 'critical', 'warn', 'file', CAST('src/sum.rs' AS BLOB), 3, 0, 3, '    let all = &items[..items.len() - 1];', 'the last item is left out: any input goes through this line to a wrong result', 'in src/sum.rs write `..items.len()` instead of `..items.len() - 1`', '{"after1":"e39c6e98c4a79642656e1587f7e256a8","after2":"a2e313506d878fee373775d161483c50","before1":"16ef6c980372c132fbb6a7644318e5c6","before2":"44fdc2d1dc30a275bffed3a2f315e817","context1":"7a97a5f6122b9c5e6343a091c67bc4c4","context3":"af5e301786d6755c7acca9969ae7d2d3","leaf":"439c80e7ed3dfbdc6cd2a618a8fdf7e5","line":"97dc486d9032fc7ffcf8088590e58b5a","symbol":"301ebb18219b8a67fd6db09cd18bf1b2","symbol_ordinal":"fccbf3f289f4b338b0cfa5bb8a766f3e","text":"891c33e01fedd3dd41f08b39111b2a85"}', 'e315ad737501f82e0cb561fda132839dabc2dc58', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0GVGNMH36NBAEEPFT', '1b633a7aa2f35b213947ce9e55408096166d7d02', CAST('src/sum.rs' AS BLOB), 3, 'c2d7b2e92300398629bb81d079fd66a3277c0581', '64d70f6dfb73e5717d0d50a7268b53fcb7c44f60', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO calls VALUES ('01M8JMAZM6ZB1V84SKVX07FP8Q', 'review-0-0-0', 'reviewer', 'codex', 'openai', '', '0.169.0', 1772625600000, 1772625600000, 'answered', 1200, 200, 60, 6900, 1, 1000000);
INSERT INTO calls VALUES ('01M8JMAZM6ZB1V84SKVX07FP8Q', 'arbiter-0-F-1', 'arbiter', 'claude', 'anthropic', 'claude-stand-in', '2.1.329', 1772625600000, 1772625600000, 'answered', 1200, 200, 60, 12500, 0, 500000);
INSERT INTO calls VALUES ('01M8JMAZM6ZB1V84SKVX07FP8Q', 'fix-1-0', 'executor', 'claude', 'anthropic', 'claude-stand-in', '2.1.329', 1772625600000, 1772625600000, 'answered', 1200, 200, 60, 12500, 0, 5000000);
INSERT INTO calls VALUES ('01M8JMAZM6ZB1V84SKVX07FP8Q', 'review-1-0-0', 'reviewer', 'codex', 'openai', '', '', 1772625600000, NULL, 'under way', NULL, NULL, NULL, NULL, 0, 1000000);
PRAGMA user_version = 3;

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
INSERT INTO findings VALUES ('01KJWBG7G0HZWT6EX67YBBF0SV', 'person', 'remark', 'error-handling/unchecked-result', 'medium', 'warn', 'file', CAST('src/store/f0.rs' AS BLOB), 2, 0, 2, '    let _ = fs::remove_file(path);', 'it is dropped', '', '{"after1":"e5807996e249b2c07c1cc4d2fcba6c9b","after2":"e78a66b6a372a1031af3bf457a1805d0","before1":"b872cce7673bd4da5f17895d1163f35b","before2":"ad284650a7e30c68b2020bf6525165cc","context1":"624702526629819da19a118f2288e847","context3":"e1651a8302de10623db5ce8339a4e161","leaf":"14b1d93ed8bd5a76362c3ae6b44cb2b7","line":"eac33c5e770cf218609a4f616c163efa","symbol":"b45fdd2c95107e1c800015b8c0a6a0d7","symbol_ordinal":"19536d1e8299838fb1218dca54795f1e","text":"8037015fa149996fcbaac8460aac7843"}', '0e20abc6532cd760e0f753d9db94265735467f01', 1772625600000, 1772625600000, 1);
INSERT INTO findings VALUES ('01KJWBG7G0VCGGS3P3FERZD8CY', 'person', 'remark', 'error-handling/unchecked-result', 'medium', 'warn', 'file', CAST('src/store/f1.rs' AS BLOB), 2, 0, 2, '    let _ = fs::write(&path, text);', 'it is dropped', '', '{"after1":"084a02a5b37eed12df41f619ee4f9ad3","after2":"b61b4248fd99b4afe0980b874ed1f463","before1":"f58009c19273d2d1b1ef82560047465d","before2":"89a86b7a30a85d196ea152d56c1743a1","context1":"4db70fa5a220cbc99bfdb1e9fcc0400c","context3":"024a1109dbaedd53e2d09d8fc9601b38","leaf":"483326d9c0617578e6874e7cc05f5bd2","line":"52220bc0ce3b1666ec91bd9c33d5545a","symbol":"964ed01e71f2409350bf594eb1b3916f","symbol_ordinal":"b236b73e2820eb4d459d2dd7f5c60041","text":"e3454470a2fe0c5957897c0c013337c5"}', 'a1254a2b7acfda19359934a0877740e990575c75', 1772625600000, 1772625600000, 1);
INSERT INTO findings VALUES ('01KJWBG7G0DSS78QWF0X8VSW1G', 'person', 'remark', 'error-handling/unchecked-result', 'medium', 'warn', 'file', CAST('src/store/f2.rs' AS BLOB), 2, 0, 2, '    let _ = fs::rename(old, new);', 'it is dropped', '', '{"after1":"7953ae89428d7e6e6a7f38eb56ca0368","after2":"f6c971cb35d46662996549b1af8f224b","before1":"4b9ec146822b2f05196e37c8ad057c65","before2":"9b2866fb4010415bc598535aba36335e","context1":"8278c062a053201a0fda16a74b95b329","context3":"836ef924c3e29b5ec6ed68f21591a9cb","leaf":"2eb8144e828bcd32f8b97c5d044c9afe","line":"0f311671ec80c7c0b6ce05754dd70600","symbol":"a137aed05caefbe3e4ac4fcdd96c04e3","symbol_ordinal":"409de273ce1b3ea64d095697d59afc0e","text":"e49f6c14758b415ceedc928a4e5ad690"}', 'd0ab2f0a9dfca0438cce7e366a4cff85dcfdd4c3', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0HZWT6EX67YBBF0SV', '55204efcdc34795eaeefe66a8b4fa56d6ca699fc', CAST('src/store/f0.rs' AS BLOB), 2, '55204efcdc34795eaeefe66a8b4fa56d6ca699fc', '01b593cd8a9ad159cc327cb42c968a49b116b33c', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0VCGGS3P3FERZD8CY', 'c0feab8bb364bf7e5ed75c973a75e53f9d8ddac8', CAST('src/store/f1.rs' AS BLOB), 2, 'c0feab8bb364bf7e5ed75c973a75e53f9d8ddac8', '7e6bbc6ce2c54af91f4f2a2608b18d4aa27bf226', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0DSS78QWF0X8VSW1G', 'd910bd327dc98f95088e1698ffa745ee5eb755be', CAST('src/store/f2.rs' AS BLOB), 2, 'd910bd327dc98f95088e1698ffa745ee5eb755be', '88819d6437c558676c17832cdaa1975c0d286be7', 'main', 1772625600000, 1772625600000, 1);
PRAGMA user_version = 3;

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
INSERT INTO findings VALUES ('01KJWBG7G0F2S809BQX0RHXKC1', 'conflict-markers', 'conflict-marker', 'repository/conflict-marker', 'high', 'block', 'file', x'6669ff7665', 1, 0, 1, '<<<<<<< HEAD', 'a merge conflict marker is left in the file', 'resolve the conflict and stage the file again', '{"after1":"190b50b7546abd9961a3181a93b1dd46","after2":"1e6892ba41ee722eb609cee913c5cc7f","before1":"402f62b9ffcefae6d5e3552ff652d0b7","before2":"991feaf2f2e14aa6f1fec44c433f9d01","context1":"2ec0e06aba48880191f28008819f059a","context3":"01e026b4177cab836fdbf505326f9cb3","leaf":"a455b70c39957a692dc86b4621128478","line":"003d65bf865f80f4ae20a4bf454e346b","symbol":"7f5f5a376208acd2f8c0f37b1f48e2e4","symbol_ordinal":"a6011ea6409f41b0d117485a6074a2b1","text":"642a44a75b15f94b6dd3706b1fa20489"}', 'b2b228740e1c6641e1a2af59eb20f4ca0671ef63', 1772625600000, 1772625600000, 1);
INSERT INTO findings VALUES ('01KJWBG7G0Q3NNWBDV8RTWD4BQ', 'conflict-markers', 'conflict-marker', 'repository/conflict-marker', 'high', 'block', 'file', CAST('four' AS BLOB), 2, 0, 2, '<<<<<<< HEAD', 'a merge conflict marker is left in the file', 'resolve the conflict and stage the file again', '{"after1":"190b50b7546abd9961a3181a93b1dd46","after2":"1e6892ba41ee722eb609cee913c5cc7f","before1":"db175072422db5ac568639769358fb65","before2":"a4c0a69179b008dd0e49b8f8207e20d4","context1":"26bb26f244d8d17b571718fb7092f997","context3":"b6be538125e1027e310085bf7f78d899","leaf":"a455b70c39957a692dc86b4621128478","line":"003d65bf865f80f4ae20a4bf454e346b","symbol":"7f5f5a376208acd2f8c0f37b1f48e2e4","symbol_ordinal":"a6011ea6409f41b0d117485a6074a2b1","text":"642a44a75b15f94b6dd3706b1fa20489"}', '332a2184fae4d4073b40686281ae6543f88c2b49', 1772625600000, 1772625600000, 1);
INSERT INTO findings VALUES ('01KJWBG7G0PMD1VXDPSZNB0WXC', 'conflict-markers', 'conflict-marker', 'repository/conflict-marker', 'high', 'block', 'file', CAST('one' AS BLOB), 2, 0, 2, '<<<<<<< HEAD', 'a merge conflict marker is left in the file', 'resolve the conflict and stage the file again', '{"after1":"190b50b7546abd9961a3181a93b1dd46","after2":"1e6892ba41ee722eb609cee913c5cc7f","before1":"f696d4f9d5b8013fc77b1cc66ed11e34","before2":"2deae90a913a4d7edeade1247743509b","context1":"86a808c53206e6fcc405be03394b1b12","context3":"c67d91b32bbb03b3f2da8e905c610d79","leaf":"a455b70c39957a692dc86b4621128478","line":"003d65bf865f80f4ae20a4bf454e346b","symbol":"7f5f5a376208acd2f8c0f37b1f48e2e4","symbol_ordinal":"a6011ea6409f41b0d117485a6074a2b1","text":"642a44a75b15f94b6dd3706b1fa20489"}', 'db6dddc593dc6bd9d615fff2004b7308fe7d0bee', 1772625600000, 1772625600000, 1);
INSERT INTO findings VALUES ('01KJWBG7G0D43AS1A4VJRJF0S9', 'conflict-markers', 'conflict-marker', 'repository/conflict-marker', 'high', 'block', 'file', CAST('three' AS BLOB), 2, 0, 2, '<<<<<<< HEAD', 'a merge conflict marker is left in the file', 'resolve the conflict and stage the file again', '{"after1":"190b50b7546abd9961a3181a93b1dd46","after2":"1e6892ba41ee722eb609cee913c5cc7f","before1":"042e0d2dce1647e164121f87198b17cc","before2":"c69aa0f1e229f752c6201159052f6dc6","context1":"007579b99eb9402fad00e875afb9b89b","context3":"008b123f8717dc7b0c29627f53ccbc72","leaf":"a455b70c39957a692dc86b4621128478","line":"003d65bf865f80f4ae20a4bf454e346b","symbol":"7f5f5a376208acd2f8c0f37b1f48e2e4","symbol_ordinal":"a6011ea6409f41b0d117485a6074a2b1","text":"642a44a75b15f94b6dd3706b1fa20489"}', 'a93bfc0fd081df07b43789d1a97ab639737e97db', 1772625600000, 1772625600000, 1);
INSERT INTO findings VALUES ('01KJWBG7G0P2WT0YJASKDWMPF4', 'conflict-markers', 'conflict-marker', 'repository/conflict-marker', 'high', 'block', 'file', CAST('two' AS BLOB), 2, 0, 2, '<<<<<<< HEAD', 'a merge conflict marker is left in the file', 'resolve the conflict and stage the file again', '{"after1":"190b50b7546abd9961a3181a93b1dd46","after2":"1e6892ba41ee722eb609cee913c5cc7f","before1":"6425c595690a1588a5aebbd2a391a274","before2":"16c289d0adb4cf1823f2db1b244faf6c","context1":"50f3d75d163fafaa7ca82136917a5050","context3":"a88120dc51b3a99cc13aa92a9dc685eb","leaf":"a455b70c39957a692dc86b4621128478","line":"003d65bf865f80f4ae20a4bf454e346b","symbol":"7f5f5a376208acd2f8c0f37b1f48e2e4","symbol_ordinal":"a6011ea6409f41b0d117485a6074a2b1","text":"642a44a75b15f94b6dd3706b1fa20489"}', '578a2d3191bced84ed572c40a0c8d971fb9acd5e', 1772625600000, 1772625600000, 1);
INSERT INTO findings VALUES ('01KJWBG7G00A9YMKDPPKKKT5YW', 'commands', 'mark', 'build/command-failed', 'high', 'block', 'change', CAST('' AS BLOB), 0, 0, 0, '', '`! grep -q FIXME notes` failed (1)', 'what it printed is in `@SANDBOX@/r/.git/tribunal/logs/commands/mark.log`', '{}', NULL, 1772625600000, 1772625600000, 1);
INSERT INTO findings VALUES ('01KJWBG7G0ZKVCKR8BYAG59BE5', 'person', 'remark', 'correctness/dead-code', 'low', 'warn', 'file', CAST('src/a.rs' AS BLOB), 2, 0, 2, 'fn b() {}', 'nobody calls it', '', '{"after1":"9eca2d637a480eec9a5f91d92e31632e","after2":"dd0efba01eafd7a7d24226434f9177f5","before1":"f264d860c7a85acdff1edac95b25cd2e","before2":"9df3bf8e2945aafb53818293be94092b","context1":"0253ac1a511c47887b1ddfa9cd517de8","context3":"3c5372a6a868bb54a2fac678d4d107f5","leaf":"03d456c20775ec45954cb645642afa19","line":"fd1d48389ebbd90ab05193ec210b2687","symbol":"223f785bf224dd7401be61dda2e95395","symbol_ordinal":"ba8daac08d21dbbed78e045addf6dc40","text":"f1fd172ae96bad20e7aa7cd891593272"}', '83021ca0e8339417f76b03c1c51206aa141f59f5', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0F2S809BQX0RHXKC1', 'b89801b9b14c43fa2b6c20d49358517fa2d65ba0', x'6669ff7665', 1, NULL, '6a4bf95578ff6ac25bc7441f7b789275baf022d7', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0Q3NNWBDV8RTWD4BQ', 'b89801b9b14c43fa2b6c20d49358517fa2d65ba0', CAST('four' AS BLOB), 2, NULL, '6a4bf95578ff6ac25bc7441f7b789275baf022d7', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0PMD1VXDPSZNB0WXC', 'b89801b9b14c43fa2b6c20d49358517fa2d65ba0', CAST('one' AS BLOB), 2, NULL, '6a4bf95578ff6ac25bc7441f7b789275baf022d7', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0D43AS1A4VJRJF0S9', 'b89801b9b14c43fa2b6c20d49358517fa2d65ba0', CAST('three' AS BLOB), 2, NULL, '6a4bf95578ff6ac25bc7441f7b789275baf022d7', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0P2WT0YJASKDWMPF4', 'b89801b9b14c43fa2b6c20d49358517fa2d65ba0', CAST('two' AS BLOB), 2, NULL, '6a4bf95578ff6ac25bc7441f7b789275baf022d7', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G00A9YMKDPPKKKT5YW', 'b89801b9b14c43fa2b6c20d49358517fa2d65ba0', CAST('' AS BLOB), 0, NULL, 'de7682112ade410a22de4b5ef0620b7ee2a38d25', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO sightings VALUES ('01KJWBG7G0ZKVCKR8BYAG59BE5', '08af4da6732f982d5ec9232c0791a079d10c9fac', CAST('src/a.rs' AS BLOB), 2, '08af4da6732f982d5ec9232c0791a079d10c9fac', '03f79b590bc1cdb2d67b8e0041967b1b96f0e067', 'main', 1772625600000, 1772625600000, 1);
INSERT INTO dispositions VALUES ('01KJWBG7G0PMD1VXDPSZNB0WXC', 1, 'dismissed', 'A Person <person@example.invalid>', 'a sample', 1772625600000, 4922985600000);
INSERT INTO dispositions VALUES ('01KJWBG7G0P2WT0YJASKDWMPF4', 1, 'accepted', 'A Person <person@example.invalid>', 'a sample', 1772625600000, 4922985600000);
INSERT INTO dispositions VALUES ('01KJWBG7G0P2WT0YJASKDWMPF4', 2, 'accepted', 'A Person <person@example.invalid>', 'a sample', 1772625600000, 1772755200000);
INSERT INTO dispositions VALUES ('01KJWBG7G0D43AS1A4VJRJF0S9', 1, 'dismissed', 'A Person <person@example.invalid>', 'a sample', 1772625600000, NULL);
INSERT INTO dispositions VALUES ('01KJWBG7G0D43AS1A4VJRJF0S9', 2, 'reopened', 'A Person <person@example.invalid>', 'a sample', 1772625600000, NULL);
PRAGMA user_version = 3;

INSERT INTO calls VALUES ('01M8JMCYAE2NT786AX7WF2J964', 'review-0-0-0', 'reviewer', 'codex', 'openai', '', '0.169.0', 1772625600000, 1772625600000, 'answered', 1200, 200, 60, 6900, 1, 1000000);
INSERT INTO calls VALUES ('01M8JMCYAE2NT786AX7WF2J964', 'arbiter-0-F-1', 'arbiter', 'claude', 'anthropic', '', '', 1772625600000, NULL, 'under way', NULL, NULL, NULL, NULL, 0, 500000);
PRAGMA user_version = 3;

PRAGMA application_id = 1634886504;
PRAGMA user_version = 7;
BEGIN TRANSACTION;
CREATE TABLE admissions (
    seq INTEGER PRIMARY KEY,
    candidate_id TEXT NOT NULL UNIQUE REFERENCES candidates (id),
    protocol_id TEXT,
    admitted INTEGER NOT NULL CHECK (admitted IN (0, 1)),
    reason TEXT NOT NULL,
    nearest_id TEXT REFERENCES candidates (id),
    jaccard REAL CHECK (jaccard BETWEEN 0 AND 1), twin_id TEXT REFERENCES candidates (id),
    FOREIGN KEY (candidate_id, protocol_id) REFERENCES evaluations (candidate_id, protocol_id)
) STRICT;
INSERT INTO "admissions" VALUES(1,'seed/0000',NULL,1,'SEED',NULL,NULL,NULL);
INSERT INTO "admissions" VALUES(2,'seed/0001',NULL,1,'SEED',NULL,NULL,NULL);
INSERT INTO "admissions" VALUES(3,'c000/0000','digits-1',1,'ADMITTED','seed/0000',0.1,NULL);
INSERT INTO "admissions" VALUES(4,'c000/0001','digits-1',0,'BELOW_THRESHOLD','seed/0000',0.1,NULL);
CREATE TABLE calls (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    cycle INTEGER NOT NULL,
    verb TEXT NOT NULL,
    role TEXT NOT NULL,
    messages TEXT NOT NULL,
    asks TEXT NOT NULL,
    seed INTEGER NOT NULL,
    value TEXT NOT NULL,
    path TEXT NOT NULL,
    text TEXT,
    model TEXT,
    token_count INTEGER NOT NULL,
    seconds REAL NOT NULL,
    adapter_hash TEXT
) STRICT;
CREATE TABLE candidates (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL,
    source_id TEXT REFERENCES sources (content_id),
    completion_id TEXT NOT NULL REFERENCES sources (content_id),
    finish_reason TEXT,
    token_count INTEGER NOT NULL,
    prompt_id TEXT REFERENCES prompts (id),
    cycle INTEGER,
    "index" INTEGER NOT NULL,
    parents TEXT NOT NULL,
    generator TEXT NOT NULL,
    adapter_hash TEXT,
    sampling TEXT
, generator_hash TEXT, seed INTEGER, machine_id TEXT REFERENCES machines (id), call_id TEXT REFERENCES calls (id), key TEXT, operator TEXT NOT NULL DEFAULT '', idea TEXT, decisions TEXT NOT NULL DEFAULT '[]') STRICT;
INSERT INTO "candidates" VALUES(1,'seed/0000','seed','7a3ecb57ce6a2114','7a3ecb57ce6a2114',NULL,0,NULL,NULL,0,'[]','grammar',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'',NULL,'[]');
INSERT INTO "candidates" VALUES(2,'seed/0001','seed','46545c629053298c','46545c629053298c',NULL,0,NULL,NULL,1,'[]','grammar',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'',NULL,'[]');
INSERT INTO "candidates" VALUES(3,'c000/0000','sampled','dbe37ac31a72d7ea','dbe37ac31a72d7ea','stop',5,'c000/p0000',0,0,'["seed/0000"]','tiny','ab','{"temperature": 0.8, "top_k": 0, "top_p": 1.0, "max_new_tokens": 640}',NULL,NULL,NULL,NULL,NULL,'',NULL,'[]');
INSERT INTO "candidates" VALUES(4,'c000/0001','sampled','9e26bf369911c45c','9e26bf369911c45c','stop',5,'c000/p0001',0,1,'["seed/0000"]','tiny','ab','{"temperature": 0.8, "top_k": 0, "top_p": 1.0, "max_new_tokens": 640}',NULL,NULL,NULL,NULL,NULL,'',NULL,'[]');
INSERT INTO "candidates" VALUES(5,'c000/0002','sampled','4205c4809ab1b080','4205c4809ab1b080','stop',5,'c000/p0002',0,2,'["seed/0000"]','tiny','ab','{"temperature": 0.8, "top_k": 0, "top_p": 1.0, "max_new_tokens": 640}',NULL,NULL,NULL,NULL,NULL,'',NULL,'[]');
CREATE TABLE cycles (
    cycle INTEGER NOT NULL PRIMARY KEY,
    completed_at TEXT NOT NULL
) STRICT;
INSERT INTO "cycles" VALUES(0,'2026-11-22T22:21:56+00:00');
CREATE TABLE evaluations (
    seq INTEGER PRIMARY KEY,
    candidate_id TEXT NOT NULL REFERENCES candidates (id),
    protocol_id TEXT NOT NULL,
    status TEXT NOT NULL,
    stage TEXT NOT NULL,
    accuracy REAL CHECK (accuracy BETWEEN 0 AND 1),
    losses TEXT NOT NULL,
    wall_seconds REAL NOT NULL,
    cpu_seconds REAL NOT NULL,
    parameters INTEGER,
    flops INTEGER,
    peak_memory_bytes INTEGER,
    error_type TEXT,
    error TEXT, structure TEXT REFERENCES structures (structure), machine_id TEXT REFERENCES machines (id), output_tail TEXT, passes REAL, kept_bytes INTEGER, latency_seconds REAL,
    UNIQUE (candidate_id, protocol_id)
) STRICT;
INSERT INTO "evaluations" VALUES(1,'c000/0000','digits-1','COMPLETE','done',0.5,'[2.5, 0.125]',0.25,0.2,1234,NULL,8589934592,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "evaluations" VALUES(2,'c000/0001','digits-1','COMPLETE','done',0.125,'[2.5, 0.125]',0.25,0.2,1234,NULL,8589934592,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE idea_paths (
    seq INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL
) STRICT;
CREATE TABLE ideas (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL REFERENCES idea_paths (path),
    document TEXT NOT NULL
) STRICT;
CREATE TABLE imported_trials (
    candidate_id TEXT NOT NULL,
    protocol_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (candidate_id, protocol_id),
    FOREIGN KEY (candidate_id, protocol_id) REFERENCES evaluations (candidate_id, protocol_id)
) STRICT
;
INSERT INTO "imported_trials" VALUES('c000/0000','digits-1','{}');
CREATE TABLE machines (
    id TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL
) STRICT;
INSERT INTO "machines" VALUES('0589ac54cee78787','{"python":"3.11.7","platform":"Linux-6","machine":"x86_64","processor":"","cpu_count":null,"accelerators":[],"packages":{"torch":"2.13.0","trl":null}}');
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT
;
INSERT INTO "meta" VALUES('seed','3');
CREATE TABLE module_probes (
    seq INTEGER PRIMARY KEY,
    module_id TEXT NOT NULL REFERENCES modules (id),
    setting TEXT NOT NULL,
    failure TEXT,
    facts TEXT NOT NULL,
    seconds REAL NOT NULL,
    UNIQUE (module_id, setting)
) STRICT
;
CREATE TABLE modules (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    origin TEXT NOT NULL,
    location TEXT NOT NULL,
    licence TEXT NOT NULL,
    arguments TEXT NOT NULL,
    inputs TEXT NOT NULL,
    module TEXT,
    text_id TEXT NOT NULL REFERENCES sources (content_id),
    tokens_id TEXT NOT NULL,
    flaw TEXT
) STRICT;
CREATE TABLE prompts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    cycle INTEGER NOT NULL,
    strategy TEXT NOT NULL,
    template TEXT NOT NULL,
    messages TEXT NOT NULL,
    exemplar_ids TEXT NOT NULL,
    seed INTEGER NOT NULL
) STRICT;
INSERT INTO "prompts" VALUES(1,'c000/p0000',0,'closed-loop','compact','[{"role": "user", "content": "a net, s''il vous pla\u00eet"}]','["seed/0000"]',7);
INSERT INTO "prompts" VALUES(2,'c000/p0001',0,'closed-loop','compact','[{"role": "user", "content": "a net, s''il vous pla\u00eet"}]','["seed/0000"]',8);
INSERT INTO "prompts" VALUES(3,'c000/p0002',0,'closed-loop','compact','[{"role": "user", "content": "a net, s''il vous pla\u00eet"}]','["seed/0000"]',9);
CREATE TABLE provenance (
    candidate_id TEXT NOT NULL PRIMARY KEY REFERENCES candidates (id),
    source TEXT NOT NULL,
    location TEXT NOT NULL,
    licence TEXT NOT NULL,
    imported_at TEXT NOT NULL
) STRICT;
INSERT INTO "provenance" VALUES('seed/0000','a folder','a.py','MIT','2026-11-22T22:21:56+00:00');
CREATE TABLE sources (
    content_id TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;
INSERT INTO "sources" VALUES('7a3ecb57ce6a2114','seed = 0
');
INSERT INTO "sources" VALUES('46545c629053298c','seed = 1
');
INSERT INTO "sources" VALUES('dbe37ac31a72d7ea','x = 0
');
INSERT INTO "sources" VALUES('9e26bf369911c45c','x = 1
');
INSERT INTO "sources" VALUES('4205c4809ab1b080','x = 2
');
CREATE TABLE split_assignments (
    seq INTEGER PRIMARY KEY,
    text_id TEXT NOT NULL UNIQUE REFERENCES sources (content_id),
    group_id TEXT NOT NULL REFERENCES sources (content_id),
    split TEXT NOT NULL
) STRICT;
INSERT INTO "split_assignments" VALUES(1,'4205c4809ab1b080','4205c4809ab1b080','train');
CREATE TABLE stage_times (
    seq INTEGER PRIMARY KEY,
    cycle INTEGER NOT NULL,
    stage TEXT NOT NULL,
    wall_seconds REAL NOT NULL,
    detail TEXT NOT NULL
) STRICT;
INSERT INTO "stage_times" VALUES(1,0,'judge',1.5,'');
CREATE TABLE structures (
    structure TEXT NOT NULL PRIMARY KEY,
    skeleton TEXT NOT NULL,
    version INTEGER NOT NULL,
    nodes INTEGER NOT NULL,
    edges INTEGER NOT NULL,
    graph TEXT NOT NULL
) STRICT;
CREATE TABLE training_selection (
    cycle INTEGER NOT NULL REFERENCES trainings (cycle),
    position INTEGER NOT NULL,
    candidate_id TEXT NOT NULL REFERENCES candidates (id),
    PRIMARY KEY (cycle, position)
) STRICT;
INSERT INTO "training_selection" VALUES(1,0,'c000/0000');
CREATE TABLE trainings (
    cycle INTEGER NOT NULL PRIMARY KEY,
    adapter_hash TEXT NOT NULL,
    result TEXT NOT NULL
) STRICT;
INSERT INTO "trainings" VALUES(1,'ab','{"adapter_hash":"ab","examples":3,"truncated":0,"steps":2,"trainable_parameters":9,"first_loss":1.5,"last_loss":null,"seconds":0.1}');
CREATE INDEX prompts_of_cycle ON prompts (cycle);
CREATE UNIQUE INDEX one_candidate_per_place ON candidates (cycle, "index") WHERE cycle IS NOT NULL;
CREATE TRIGGER sources_no_update BEFORE UPDATE ON sources BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER sources_no_delete BEFORE DELETE ON sources BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER prompts_no_update BEFORE UPDATE ON prompts BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER prompts_no_delete BEFORE DELETE ON prompts BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER candidates_no_update BEFORE UPDATE ON candidates BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER candidates_no_delete BEFORE DELETE ON candidates BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER evaluations_no_update BEFORE UPDATE ON evaluations BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER evaluations_no_delete BEFORE DELETE ON evaluations BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER admissions_no_update BEFORE UPDATE ON admissions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER admissions_no_delete BEFORE DELETE ON admissions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER trainings_no_update BEFORE UPDATE ON trainings BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER trainings_no_delete BEFORE DELETE ON trainings BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER training_selection_no_update BEFORE UPDATE ON training_selection BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER training_selection_no_delete BEFORE DELETE ON training_selection BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER cycles_no_update BEFORE UPDATE ON cycles BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER cycles_no_delete BEFORE DELETE ON cycles BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER stage_times_no_update BEFORE UPDATE ON stage_times BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER stage_times_no_delete BEFORE DELETE ON stage_times BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER meta_no_update BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER meta_no_delete BEFORE DELETE ON meta BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER split_assignments_no_update BEFORE UPDATE ON split_assignments BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER split_assignments_no_delete BEFORE DELETE ON split_assignments BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER provenance_no_update BEFORE UPDATE ON provenance BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER provenance_no_delete BEFORE DELETE ON provenance BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER imported_trials_no_update BEFORE UPDATE ON imported_trials BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER imported_trials_no_delete BEFORE DELETE ON imported_trials BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER structures_no_update BEFORE UPDATE ON structures BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER structures_no_delete BEFORE DELETE ON structures BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER machines_no_update BEFORE UPDATE ON machines BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER machines_no_delete BEFORE DELETE ON machines BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER calls_no_update BEFORE UPDATE ON calls BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER calls_no_delete BEFORE DELETE ON calls BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER modules_no_update BEFORE UPDATE ON modules BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER modules_no_delete BEFORE DELETE ON modules BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER module_probes_no_update BEFORE UPDATE ON module_probes BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER module_probes_no_delete BEFORE DELETE ON module_probes BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER idea_paths_no_update BEFORE UPDATE ON idea_paths BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER idea_paths_no_delete BEFORE DELETE ON idea_paths BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ideas_no_update BEFORE UPDATE ON ideas BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ideas_no_delete BEFORE DELETE ON ideas BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
COMMIT;

//! The policy: every setting, the layers that settings come in, and the units that they are written
//! in.

pub mod layers;
pub mod agent_settings;
pub mod allow_edit;
pub mod allow_entry;
pub mod command_settings;
pub mod consent;
pub mod difference;
pub mod gate_settings;
pub mod learn_settings;
pub mod meaning;
pub mod own_classes;
pub mod prepare_proposal;
pub mod prepare_settings;
pub mod report_format;
pub mod review_settings;
pub mod sandbox_settings;
pub mod settings;
pub mod switch;
pub mod watch_settings;
pub mod run_settings;
pub mod unit;
pub mod weaker;

//! Tests of the program with real files, pipes and signals.

mod bounded;
mod changes;
mod check;
mod check_hints;
mod check_results;
mod completions;
mod confined;
mod coreutils;
mod expect;
mod faults;
mod foreign;
mod habits;
mod help;
// `examples` serves others.
#[allow(dead_code)]
#[path = "../common/help_text.rs"]
mod help_text;
mod hmac;
mod interrupted;
mod json;
mod mapped;
mod merge;
mod odd_names;
mod output;
mod progress;
mod publish;
#[path = "../common/schema.rs"]
mod schema;
mod scheme_options;
mod secrets;
mod sign;
mod signed_urls;
mod stderr;
mod stores;
mod sum;
mod support;
mod terminal;
mod tiers;
mod tune;
mod vocabulary;

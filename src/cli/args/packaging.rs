//! Arguments of `hsum completions` and `hsum man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum completions bash > ~/.local/share/bash-completion/completions/hsum
  hsum completions zsh > /usr/local/share/zsh/site-functions/_hsum
  hsum completions fish > ~/.config/fish/completions/hsum.fish

Exit status:
  0  the script is written
  1  the output could not be written
  2  the arguments are invalid")]
pub(crate) struct CompletionsArgs {
    /// Shell that will read the script
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

/// A shell with a generator of completion scripts.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shell {
    Bash,
    Elvish,
    Fish,
    Nushell,
    Powershell,
    Zsh,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum man ~/.local/share/man/man1
  hsum man | man -l -

Exit status:
  0  the pages are written
  1  a page or the output could not be written
  2  the arguments are invalid")]
pub(crate) struct ManArgs {
    /// Directory for the pages, which is created [default: print hsum.1]
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}

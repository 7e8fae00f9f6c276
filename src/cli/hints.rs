//! Hints that the program adds to the library's errors, one function for each kind of error.

use hsum::manifest::BadLine;

/// Returns the reason why a line is bad, and the option that helps.
pub(super) fn bad_line(bad: BadLine) -> String {
    let hint = match bad {
        BadLine::Outside => "; use --allow-outside to accept it",
        BadLine::Weak => "; --strong refuses them",
        BadLine::Unnamed => "; use --only FILE to name its file",
        _ => "",
    };
    format!("{bad}{hint}")
}

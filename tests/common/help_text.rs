//! Help texts as the tests read them.

/// Returns the examples in a help text, each as one line.
pub(crate) fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let mut examples: Vec<String> = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        // Two blanks separate an example from its description.
        let line = line.strip_prefix("  ").expect("an indented example");
        match examples.last_mut().filter(|last| last.ends_with('\\')) {
            Some(last) => {
                last.pop();
                last.push_str(line.trim());
            }
            None => examples.push(line.split("  ").next().expect("a line").to_owned()),
        }
    }
    examples
}

/// Replaces line breaks by spaces, so that their positions do not matter.
pub(crate) fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Removes the escape sequences of colours from a line.
pub(crate) fn without_colours(line: &str) -> String {
    let mut pieces = line.split("\x1b[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |line, piece| line + piece.split_once('m').map_or("", |(_, rest)| rest))
}

//! Words and lines for people.

/// Text in lines of a width, those after the first indented. Control characters become marks: what
/// a server sent must not steer a terminal.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let (mut out, mut column) = (String::new(), indent);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > width {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.extend(word.chars().map(|letter| match letter.is_control() {
            true => '\u{fffd}',
            false => letter,
        }));
        column += length;
    }
    out
}

/// The beginning of the first lines, for quotations.
pub(crate) fn beginning(text: &str) -> String {
    const LONGEST: usize = 200;
    let words: Vec<&str> = text.split_whitespace().take(60).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// `1 model`, `2 models`, `2 addresses`, `2 authorities`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    match thing {
        _ if number == 1 => format!("1 {thing}"),
        thing if thing.ends_with('s') => format!("{number} {thing}es"),
        thing => match thing.strip_suffix('y') {
            Some(stem) => format!("{number} {stem}ies"),
            None => format!("{number} {thing}s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("a bb  ccc", 2, 6), "a bb\n  ccc");
        assert_eq!(wrapped("\u{1b}[2Jx", 2, 6), "\u{fffd}[2Jx");
        assert_eq!(wrapped("", 2, 6), "");
    }

    #[test]
    fn quotations_are_short() {
        assert_eq!(beginning(" a\n  b "), "a b");
        assert_eq!(beginning(&"é".repeat(500)).chars().count(), 201);
    }
}

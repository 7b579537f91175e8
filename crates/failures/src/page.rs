//! A page of the catalogue, taken apart.

/// A page: a title, a summary and fixed sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// The first paragraph: what is the case, in a sentence.
    pub summary: &'a str,
    /// Headings with their text, in order.
    pub sections: Vec<(&'a str, &'a str)>,
}

/// The headings of every page, in order.
pub const HEADINGS: [&str; 5] = [
    "What happened",
    "Why",
    "Example",
    "What to do",
    "What Propus does",
];

/// A fenced block of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// What stands after the fence: `evidence`, or `request METHOD MODEL VERSION`.
    pub kind: &'a str,
    /// The lines within.
    pub text: &'a str,
}

impl<'a> Page<'a> {
    /// Takes a page apart.
    pub fn read(text: &'a str) -> Self {
        let mut parts = text.split("\n## ");
        let head = parts.next().unwrap_or_default();
        let summary = head.split_once('\n').map_or("", |(_, rest)| rest.trim());
        let section = |part: &'a str| {
            let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
            (heading.trim(), text.trim())
        };
        Self {
            summary,
            sections: parts.map(section).collect(),
        }
    }

    /// The text under a heading; empty where there is none.
    pub fn section(&self, heading: &str) -> &'a str {
        let found = self.sections.iter().find(|(name, _)| *name == heading);
        found.map_or("", |(_, text)| text)
    }

    /// The causes, as one paragraph.
    pub fn why(&self) -> String {
        unwrapped(self.section("Why"))
    }

    /// What to do, one action each.
    pub fn fixes(&self) -> Vec<String> {
        let text = self.section("What to do");
        let items = text.split("\n- ").map(|item| item.trim_start_matches("- "));
        items
            .map(unwrapped)
            .filter(|item| !item.is_empty())
            .collect()
    }

    /// The fenced blocks of the examples.
    pub fn blocks(&self) -> Vec<Block<'a>> {
        let mut blocks = Vec::new();
        let mut rest = self.section("Example");
        while let Some((_, after)) = rest.split_once("```") {
            let Some((kind, body)) = after.split_once('\n') else {
                break;
            };
            let Some((text, after)) = body.split_once("\n```") else {
                break;
            };
            blocks.push(Block {
                kind: kind.trim(),
                text,
            });
            rest = after;
        }
        blocks
    }
}

/// Text without its line breaks.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a-name\n\nA sentence.\n\n## What happened\n\nThis.\n\n## Why\n\nOne\ntwo.\n\n\
        ## Example\n\n```evidence\n{\"a\": 1}\n```\n\nor\n\n```request generateContent m v1\n{}\n```\n\n\
        ## What to do\n\n- First\n  thing.\n- Second.\n\n## What Propus does\n\nThat.\n";

    #[test]
    fn a_page_is_taken_apart() {
        let page = Page::read(TEXT);
        assert_eq!(page.summary, "A sentence.");
        let headings: Vec<_> = page.sections.iter().map(|(name, _)| *name).collect();
        assert_eq!(headings, HEADINGS);
        assert_eq!(page.why(), "One two.");
        assert_eq!(page.fixes(), ["First thing.", "Second."]);
        let blocks = page.blocks();
        assert_eq!((blocks[0].kind, blocks[0].text), ("evidence", "{\"a\": 1}"));
        assert_eq!(blocks[1].kind, "request generateContent m v1");
    }

    #[test]
    fn what_is_no_page_gives_nothing() {
        for text in [
            "",
            "#",
            "# a\n## Why",
            "## Example\n```",
            "\n## Example\n```x\ny",
        ] {
            let page = Page::read(text);
            assert!(
                page.blocks().is_empty() && page.fixes().is_empty(),
                "{text:?}"
            );
        }
    }
}

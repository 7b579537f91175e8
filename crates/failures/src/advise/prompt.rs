//! What the prompt's words tell.

use super::{Reader, says};

/// Words of a task from which on examples are worth their place; ours.
const LONG_TASK: usize = 200;
/// Bytes of a context before which a question is easily lost, about 4,000 tokens; ours.
const LONG_CONTEXT: usize = 16_000;
/// Examples from which on a model follows them too closely; ours.
const MANY_EXAMPLES: usize = 20;
/// Tasks from which on a prompt is better split; ours.
const MANY_TASKS: usize = 6;

impl Reader<'_> {
    pub(super) fn prompt(&mut self) {
        self.examples();
        self.order();
        self.marks();
        self.roles();
        self.wishes();
        self.knowledge();
        self.media();
    }

    fn examples(&mut self) {
        let text = self.all_text();
        let marks = ["example:", "input:", "q:", "question:", "beispiel:"];
        let count = marks.iter().map(|mark| text.matches(mark).count()).max();
        let count = count.unwrap_or_default();
        let shown = count > 0 || says(&text, &["for example", "e.g", "examples", "<example>"]);
        let is_task = text.split_whitespace().count() > LONG_TASK && text.len() < LONG_CONTEXT;
        if is_task && !shown {
            self.advise(
                "no-examples",
                self.question(),
                "show one to three examples of input and output",
                "Google recommends always to include examples; they fix format and style better than words",
            );
        }
        if count > MANY_EXAMPLES {
            self.advise(
                "too-many-examples",
                self.question(),
                format!("{count} examples; keep the few that differ most"),
                "with too many examples answers follow them too closely",
            );
        }
    }

    fn order(&mut self) {
        if self.text.len() < LONG_CONTEXT {
            return;
        }
        let begin = head(&self.text, 600).to_lowercase();
        let end = tail(&self.text, 600).to_lowercase();
        let asks = |text: &str| {
            text.contains('?')
                || says(
                    text,
                    &[
                        "summarize",
                        "summarise",
                        "translate",
                        "list",
                        "answer",
                        "extract",
                        "explain",
                        "write",
                    ],
                )
        };
        if asks(&begin) && !asks(&end) {
            self.advise(
                "question-before-context",
                self.question(),
                "put the long context first and the question behind it",
                "with long contexts Google's advice is context first, question last",
            );
        }
        let is_variable = |word: &str| {
            let digits = word.chars().filter(char::is_ascii_digit).count();
            digits >= 6 && digits * 2 > word.len()
        };
        if head(&self.text, 80).split_whitespace().any(is_variable) {
            self.advise(
                "cache-unfriendly-prefix",
                self.question(),
                "move dates and ids behind what stays the same from call to call",
                "implicit caching works on equal beginnings",
            );
        }
    }

    fn marks(&mut self) {
        let text = format!("{}\n{}", self.instruction, self.text);
        let headings = text
            .lines()
            .filter(|line| line.starts_with("# ") || line.starts_with("## "));
        let tags = tags(&text);
        let opened: Vec<&str> = tags
            .iter()
            .filter(|tag| !tag.starts_with('/'))
            .copied()
            .collect();
        let is_closed = |tag: &str| {
            tags.iter()
                .any(|other| other.strip_prefix('/') == Some(tag))
        };
        let pairs = opened.iter().filter(|tag| is_closed(tag)).count();
        if headings.count() > 1 && pairs > 1 {
            self.advise(
                "mixed-delimiters",
                self.question(),
                "mark sections by tags or by headings, not by both",
                "one consistent structure is followed best",
            );
        }
        // One tag that is closed shows that the others were meant to be.
        if let Some(open) = opened.iter().find(|tag| pairs > 0 && !is_closed(tag)) {
            self.advise(
                "unclosed-tag",
                self.question(),
                format!("<{open}> is never closed"),
                "where a section ends is not clear",
            );
        }
        if text.contains("\\u00") || text.contains("\\u20") || text.contains("\\t") {
            self.advise(
                "unicode-escapes",
                self.question(),
                "write letters themselves, not their escapes such as \\u00e9 or \\t",
                "the troubleshooting guide has escapes as a cause of repeated text in JSON answers",
            );
        }
    }

    fn roles(&mut self) {
        let text = self.text.to_lowercase();
        let has_persona = says(
            &text,
            &["you are a", "you are an", "act as", "your role is"],
        );
        if has_persona && self.instruction.is_empty() && self.request.contents.len() > 1 {
            self.advise(
                "persona-in-user-turn",
                self.question(),
                "put the role and lasting rules into systemInstruction",
                "what stands in one turn is forgotten in later ones",
            );
        }
        let numbered = text.lines().filter(|line| {
            let line = line.trim_start();
            let digits = line.chars().take_while(char::is_ascii_digit).count();
            (1..=2).contains(&digits) && line[digits..].starts_with(['.', ')'])
        });
        let tasks = numbered.count();
        if tasks >= MANY_TASKS && text.len() < LONG_CONTEXT {
            self.advise(
                "many-tasks",
                self.question(),
                format!("{tasks} numbered points; ask independent ones in calls of their own"),
                "complex prompts are better split or chained",
            );
        }
        let text = self.all_text();
        let short = says(
            &text,
            &["be brief", "be concise", "in one sentence", "keep it short"],
        );
        let long = says(
            &text,
            &[
                "in detail",
                "be detailed",
                "as detailed as possible",
                "comprehensive",
            ],
        );
        if short && long {
            self.advise(
                "contradictory-rules",
                self.question(),
                "say either short or detailed",
                "contradictions are resolved by chance",
            );
        }
    }

    fn wishes(&mut self) {
        let text = self.all_text();
        let config = self.request.generation_config.as_ref();
        let held = config.is_some_and(|config| {
            config.response_mime_type.is_some()
                || config.response_schema.is_some()
                || config.response_json_schema.is_some()
        });
        let wants = [
            "as json",
            "in json",
            "json format",
            "valid json",
            "json object",
            "return json",
            "json array",
        ];
        if !held && says(&text, &wants) {
            self.advise(
                "json-by-prose",
                self.question(),
                "set responseMimeType and a schema instead of asking for JSON in words",
                "structured output is always valid JSON; a wish is not",
            );
        }
        if held
            && says(
                &text,
                &["in this order", "in the following order", "in that order"],
            )
        {
            self.advise(
                "schema-prompt-order",
                self.question(),
                "leave the order of fields to the schema (propertyOrdering)",
                "the troubleshooting guide has a second order in the prompt as a cause of repeated text",
            );
        }
        let table = says(&text, &["markdown table", "as a table", "table format"]);
        if table && !says(&text, &["separator", "column width", "hyphens", "---"]) {
            self.advise(
                "table-no-guidance",
                self.question(),
                "say that separators have three hyphens and cells are not padded",
                "the troubleshooting guide has tables as a cause of endless hyphens",
            );
        }
        let steps = [
            "think step by step",
            "step-by-step reasoning",
            "show your reasoning",
            "chain of thought",
        ];
        if self.thinks() && says(&text, &steps) {
            self.advise(
                "cot-with-thinking",
                self.question(),
                "leave out the demand to think step by step",
                "the model thinks by itself; demanded steps make the answer long and may loop",
            );
        }
        let verbatim = [
            "full lyrics",
            "lyrics of",
            "full text of",
            "word for word",
            "verbatim",
        ];
        if says(&text, &verbatim) {
            self.advise(
                "recitation-risk",
                self.question(),
                "ask for a summary or an own version",
                "answers close to known texts end with RECITATION",
            );
        }
    }

    fn knowledge(&mut self) {
        let text = self.text.to_lowercase();
        let tools = &self.request.tools;
        let has_search = tools.iter().any(|tool| {
            tool.google_search.is_some()
                || tool.google_search_retrieval.is_some()
                || tool.url_context.is_some()
        });
        let has_code = tools.iter().any(|tool| tool.code_execution.is_some());
        let has_functions = tools
            .iter()
            .any(|tool| !tool.function_declarations.is_empty());
        let is_recent = says(
            &text,
            &[
                "today",
                "right now",
                "latest news",
                "this week",
                "current price",
                "as of now",
            ],
        );
        let tells_date = ["2025", "2026", "2027"]
            .iter()
            .any(|year| self.all_text().contains(year));
        if is_recent && !has_search && !has_functions && !tells_date {
            self.advise(
                "no-date",
                self.question(),
                "give today's date, or add the tool googleSearch",
                "the model knows neither the day nor what happened since its training",
            );
        }
        let counts = [
            "calculate",
            "multiply",
            "how many letters",
            "how many words",
            "compute the",
            "square root",
        ];
        if says(&text, &counts) && !has_code && !has_functions {
            self.advise(
                "arithmetic-no-tool",
                "tools",
                "add the tool codeExecution",
                "numbers that are computed are right; those that are written may not be",
            );
        }
    }

    fn media(&mut self) {
        let Some((turn, content)) = self.asked else {
            return;
        };
        let has_media = |part: &&propus_wire::generate::Part| {
            part.inline_data.is_some() || part.file_data.is_some()
        };
        let count = content.parts.iter().filter(has_media).count();
        let named = [
            "image",
            "picture",
            "photo",
            "video",
            "audio",
            "pdf",
            "document",
            "file",
            "recording",
            "screenshot",
            "this",
            "these",
            "bild",
            "datei",
            "imagen",
            "attached",
            "above",
            "below",
        ];
        if count > 0 && !self.text.is_empty() && !says(&self.text.to_lowercase(), &named) {
            self.advise(
                "media-not-referenced",
                format!("contents[{turn}]"),
                "say in the prompt what the attached media are for",
                "Google's advice is to refer to each modality in the instructions",
            );
        }
    }
}

/// Names between `<` and `>`, as of tags.
fn tags(text: &str) -> Vec<&str> {
    let pieces = text.split('<').skip(1);
    pieces
        .filter_map(|piece| piece.split_once('>').map(|(tag, _)| tag))
        .filter(|tag| {
            let name = tag.strip_prefix('/').unwrap_or(tag);
            !name.is_empty()
                && name.len() < 40
                && name.chars().all(|one| one.is_ascii_alphanumeric() || "_-".contains(one))
                // Line breaks of HTML and the like have no end.
                && !matches!(name, "br" | "hr" | "img" | "input" | "li" | "p")
        })
        .collect()
}

fn head(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}

fn tail(text: &str, bytes: usize) -> &str {
    let from = text.len().saturating_sub(bytes);
    let start = (from..=text.len()).find(|at| text.is_char_boundary(*at));
    &text[start.unwrap_or_default()..]
}

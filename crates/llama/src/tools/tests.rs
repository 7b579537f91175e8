//! Calls: what a model may write, and what is read out of it.

use super::*;
use crate::constraint::{
    Constraint,
    tests::{factory, walk},
};
use propus_wire::{Message, Mode as ReadMode, Surface};
use std::collections::BTreeSet;

fn request(json: &str) -> GenerateContentRequest {
    GenerateContentRequest::from_json(json.as_bytes(), ReadMode::Strict(Surface::Modern)).unwrap()
}

/// Two functions, in both schema forms, and a tool config.
fn with_tools(config: &str) -> GenerateContentRequest {
    request(&format!(
        r#"{{"contents":[],"tools":[{{"functionDeclarations":[
        {{"name":"get","description":"d","parameters":{{"type":"OBJECT","properties":
            {{"n":{{"type":"INTEGER","minimum":1,"maximum":3}}}},"required":["n"]}}}},
        {{"name":"get_all","parametersJsonSchema":{{"type":"object","properties":
            {{"unit":{{"enum":["c","f"]}}}},"additionalProperties":false}}}},
        {{"name":"ping"}}]}}],"toolConfig":{{"functionCallingConfig":{config}}}}}"#
    ))
}

fn parser(syntax: CallSyntax) -> CallParser {
    let mut count = 0;
    CallParser::new(syntax, move || {
        count += 1;
        format!("id{count}")
    })
}

/// An answer's text, its calls as `name(args)`, and how they ended, fed in pieces of `size`.
fn parsed(syntax: CallSyntax, answer: &str, size: usize) -> (String, Vec<String>, Ending) {
    let mut parser = parser(syntax);
    let letters: Vec<char> = answer.chars().collect();
    let mut outputs: Vec<Output> = letters
        .chunks(size)
        .flat_map(|piece| parser.push(&piece.iter().collect::<String>()))
        .collect();
    let (last, ending) = parser.finish();
    outputs.extend(last);
    let (mut text, mut calls) = (String::new(), Vec::new());
    for output in outputs {
        match output {
            Output::Text(more) => {
                assert!(!more.is_empty());
                text.push_str(&more);
            }
            Output::Call(call) => {
                assert_eq!(call.id, Some(format!("id{}", calls.len() + 1)));
                let args = Value::Object(call.args.unwrap());
                calls.push(format!("{}({args})", call.name.unwrap()));
            }
        }
    }
    (text, calls, ending)
}

/// The same whatever the pieces.
fn check_parsed(syntax: CallSyntax, answer: &str, text: &str, calls: &[&str], ending: Ending) {
    for size in [1, 2, 3, 7, 1000] {
        let found = parsed(syntax, answer, size);
        let calls = calls.iter().map(|call| (*call).to_owned()).collect();
        assert_eq!(
            found,
            (text.to_owned(), calls, ending.clone()),
            "{answer} by {size}"
        );
    }
}

#[test]
fn text_and_calls_are_told_apart() {
    let check = |answer: &str, text: &str, calls: &[&str]| {
        check_parsed(CallSyntax::Tagged, answer, text, calls, Ending::Complete);
    };
    check("", "", &[]);
    check("plain < text <tool", "plain < text <tool", &[]);
    check("ends with space \n", "ends with space \n", &[]);
    check(
        "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>",
        "",
        &["f({})"],
    );
    check(
        "Wait.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"}</tool_call>\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"g\", \"arguments\": {\"b\": {\"c\": [1]}}}\n</tool_call>",
        "Wait.",
        &["f({\"a\":\"}</tool_call>\"})", "g({\"b\":{\"c\":[1]}})"],
    );
    check_parsed(
        CallSyntax::Bracketed,
        "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"a\": 1}}, {\"name\": \"g\", \"arguments\": {}}]",
        "",
        &["f({\"a\":1})", "g({})"],
        Ending::Complete,
    );
    check_parsed(
        CallSyntax::Bare,
        "{\"name\": \"f\", \"parameters\": {\"a\": 1}}; {\"name\": \"g\", \"parameters\": {}}",
        "",
        &["f({\"a\":1})", "g({})"],
        Ending::Complete,
    );
}

#[test]
fn an_unfinished_call_is_malformed() {
    let malformed = |text: &str| Ending::Malformed(format!("Malformed function call: {text}"));
    check_parsed(
        CallSyntax::Tagged,
        "Hm <tool_call>\n{\"name\": \"f\", \"argu",
        "Hm",
        &[],
        malformed("{\"name\": \"f\", \"argu"),
    );
    check_parsed(
        CallSyntax::Tagged,
        "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"na",
        "",
        &["f({})"],
        malformed("{\"na"),
    );
    check_parsed(CallSyntax::Tagged, "<tool_call>", "", &[], malformed(""));
}

/// Walks a request's grammar: texts and calls of all finished walks.
fn walked(
    request: &GenerateContentRequest,
    syntax: CallSyntax,
) -> (usize, BTreeSet<String>, usize) {
    let tools = ToolGrammar::of_request(request, syntax, true);
    let config = request.generation_config.as_ref();
    let grammar = Constraint::for_request(config, tools.as_ref())
        .unwrap()
        .unwrap();
    let factory = factory();
    let (mut texts, mut names, mut most) = (0, BTreeSet::new(), 0);
    for seed in 0..60 {
        let Some(answer) = walk(&grammar, &factory, seed, 6000) else {
            continue;
        };
        let (text, calls, ending) = parsed(syntax, &answer, 5);
        assert_eq!(ending, Ending::Complete, "{answer}");
        assert!(!text.contains(syntax.trigger()), "{answer}");
        texts += usize::from(calls.is_empty());
        most = most.max(calls.len());
        for call in calls {
            let (name, args) = call.split_once('(').unwrap();
            let args: Value = serde_json::from_str(args.trim_end_matches(')')).unwrap();
            assert!(valid(request, name, &args), "{call}");
            names.insert(name.to_owned());
        }
    }
    (texts, names, most)
}

fn valid(request: &GenerateContentRequest, name: &str, args: &Value) -> bool {
    let declarations = request
        .tools
        .iter()
        .flat_map(|tool| &tool.function_declarations);
    let declaration = declarations
        .into_iter()
        .find(|declaration| declaration.name.as_deref() == Some(name))
        .unwrap();
    jsonschema::is_valid(&parameters(declaration), args)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn forced_calls_are_calls_and_nothing_else() {
    for syntax in [CallSyntax::Tagged, CallSyntax::Bracketed, CallSyntax::Bare] {
        let (texts, names, most) = walked(&with_tools(r#"{"mode":"ANY"}"#), syntax);
        assert_eq!(texts, 0, "{syntax:?}");
        assert_eq!(names, set(&["get", "get_all", "ping"]), "{syntax:?}");
        assert!(most > 1 && most <= MAX_CALLS as usize, "{most} calls");
    }
}

#[test]
fn only_allowed_functions_are_called() {
    let request = with_tools(r#"{"mode":"ANY","allowedFunctionNames":["get_all"]}"#);
    let (texts, names, _) = walked(&request, CallSyntax::Tagged);
    assert_eq!((texts, names), (0, set(&["get_all"])));
    assert_eq!(declared(&request).unwrap().len(), 1);
}

#[test]
fn free_answers_may_be_text() {
    for mode in ["AUTO", "VALIDATED", "MODE_UNSPECIFIED"] {
        let request = with_tools(&format!(r#"{{"mode":"{mode}"}}"#));
        for syntax in [CallSyntax::Tagged, CallSyntax::Bracketed, CallSyntax::Bare] {
            let (texts, _, _) = walked(&request, syntax);
            assert!(texts > 0, "{mode} {syntax:?}");
        }
    }
}

/// A text that turns to a call: the grammar takes over at the marker.
#[test]
fn a_marker_in_free_text_begins_a_call() {
    let request = with_tools(r#"{"mode":"AUTO"}"#);
    let tools = ToolGrammar::of_request(&request, CallSyntax::Tagged, true);
    let grammar = Constraint::for_request(None, tools.as_ref())
        .unwrap()
        .unwrap();
    let factory = factory();
    let tokens = |text: &str| {
        factory
            .tok_env()
            .tok_trie()
            .greedy_tokenize(text.as_bytes())
    };
    for (text, accepted) in [
        (
            "Let me see. <tool_call>\n{\"name\": \"get\", \"arguments\": {\"n\": 2}}\n</tool_call>",
            true,
        ),
        (
            "<tool_call>\n{\"name\": \"get\", \"arguments\": {\"n\": 4}}",
            false,
        ),
        ("<tool_call>\n{\"name\": \"unknown", false),
        ("<tool_call> no", false),
        ("a < b, <tool_cal l> <tool", true),
    ] {
        let mut matcher = grammar.matcher(&factory).unwrap();
        let tokens = tokens(text);
        let taken = matcher.try_consume_tokens(&tokens).unwrap();
        assert_eq!(taken == tokens.len(), accepted, "{text}");
    }
}

#[test]
fn no_calls_where_they_are_forbidden() {
    let request = with_tools(r#"{"mode":"NONE"}"#);
    assert_eq!(
        ToolGrammar::of_request(&request, CallSyntax::Tagged, true),
        None
    );
    assert!(declared(&request).unwrap().is_empty());
}

#[test]
fn calls_and_a_response_schema_go_together_in_our_format() {
    let mut request = with_tools(r#"{"mode":"AUTO"}"#);
    request.generation_config = Some(propus_wire::generate::GenerationConfig {
        response_mime_type: Some("application/json".into()),
        response_json_schema: Some(serde_json::json!({"type": "integer"})),
        ..Default::default()
    });
    let (texts, names, _) = walked(&request, CallSyntax::Tagged);
    assert!(texts > 0 && !names.is_empty());
    let tools = ToolGrammar::of_request(&request, CallSyntax::Bare, true);
    let config = request.generation_config.as_ref();
    assert!(Constraint::for_request(config, tools.as_ref()).is_err());
}

#[test]
fn parameters_must_be_objects() {
    let request = request(
        r#"{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"STRING"}}]}]}"#,
    );
    let tools = ToolGrammar::of_request(&request, CallSyntax::Tagged, true);
    let error = Constraint::for_request(None, tools.as_ref()).unwrap_err();
    assert_eq!(error.path, "tools[0].function_declarations[0].parameters");
}

#[test]
fn tools_are_described_one_a_line() {
    let request = with_tools(r#"{"mode":"ANY","allowedFunctionNames":["ping"]}"#);
    let text = instruction(&declared(&request).unwrap(), &Rules::of_request(&request)).unwrap();
    assert_eq!(
        text,
        "You can call these functions:\n\
         {\"name\": \"ping\", \"description\": \"\", \"parameters\": {\"type\": \"object\", \"properties\": {}}}\n\
         Answer with one call or more and nothing else. Write a call as\n<tool_call>\n\
         {\"name\": function name, \"arguments\": object of arguments}\n</tool_call>"
    );
}

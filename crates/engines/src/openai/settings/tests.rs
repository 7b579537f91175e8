use super::*;
use crate::openai::OpenAi;

fn read(toml: &str) -> Result<Settings, String> {
    toml::from_str(toml).map_err(|error| error.to_string())
}

#[track_caller]
fn check(toml: &str, expected: &str) {
    let said = match read(toml) {
        Ok(settings) => OpenAi::new(settings).err().map(|error| error.to_string()),
        Err(error) => Some(error),
    };
    let said = said.expect("it is refused");
    assert!(said.contains(expected), "{said}");
}

#[test]
fn faults_are_named() {
    check("", "`base_url` is missing");
    check("base_url = 'x'\nbase_urls = ['y']", "both set");
    check(
        "base_url = 'nowhere'",
        "`base_urls[0]`: the base URL is not a URL",
    );
    check("base_url = 'ftp://x'", "is not for HTTP");
    check(
        "base_url = 'http://x'\nmodle = 'm'",
        "unknown field `modle`",
    );
    check(
        "base_url = 'http://x'\nflavour = 'vlm'",
        "unknown variant `vlm`",
    );
    check("base_url = 'http://x'\nmodel = ''", "`model` is empty");
    check(
        "base_url = 'http://x'\nfirst_byte_seconds = 0",
        "`first_byte_seconds` is 0",
    );
    check(
        "base_url = 'http://x'\n[ejection]\nfailures = 0",
        "`ejection.failures` is 0",
    );
    check(
        "base_url = 'http://x'\napi_key = 'env:PROPUS_NO_SUCH'",
        "`api_key`: `env:PROPUS_NO_SUCH` names a variable that is not set",
    );
    check(
        "base_url = 'http://x'\napi_key = 'file:/no/such'",
        "`api_key`: `file:/no/such` cannot be read",
    );
    check(
        "base_url = 'http://x'\napi_key = ' '",
        "`api_key`: the secret is empty",
    );
    check(
        "base_url = 'http://x'\napi_key = 'cmd:exit 3'",
        "`api_key`: `cmd:exit 3` ended with exit status: 3",
    );
    check(
        "base_url = 'http://x'\ndrop = ['generationConfig.topk']",
        "did you mean `GenerationConfig.topK`?",
    );
    check("base_url = 'http://x'\ndrop = ['z']", "message and field");
    check(
        "base_url = 'http://x'\ntask_prefixes = { QUERY = 'q' }",
        "`QUERY`, which is no task type",
    );
    check(
        "base_url = 'http://x'\nheaders = { 'a b' = 'c' }",
        "is not the name of a header",
    );
    check(
        "base_url = 'http://x'\nheaders = { x-team = 'env:PROPUS_NO_SUCH' }",
        "`headers.x-team`: `env:PROPUS_NO_SUCH` names a variable",
    );
}

#[test]
fn addresses_get_their_path() {
    #[track_caller]
    fn check(address: &str, expected: &str) {
        assert_eq!(Settings::of(address).addresses().unwrap(), [expected]);
    }
    check("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1");
    check("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1");
    check("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1");
    check("https://example.com/llm/v1", "https://example.com/llm/v1");
}

#[test]
fn keys_are_read_and_never_shown() {
    let read = |text: &str| Key::from(text).read("api_key", &mut Secrets::default());
    assert_eq!(read("sk-itself").unwrap(), "sk-itself");
    assert_eq!(read("cmd:echo sk-written").unwrap(), "sk-written");
    // Cargo sets this one.
    assert_eq!(read("env:CARGO_PKG_NAME").unwrap(), "propus-engines");
    assert_eq!(format!("{:?}", Key::from("sk-itself")), "<key>");
}

#[test]
fn they_stand_behind_a_kind() {
    /// As a configuration has its engines.
    #[derive(Debug, Deserialize)]
    #[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
    enum Kind {
        OpenAi(Box<Settings>),
    }
    let read = |toml: &str| toml::from_str::<Kind>(toml);
    let Kind::OpenAi(settings) = read("kind = 'openai'\nbase_url = 'http://x'").unwrap();
    assert_eq!(settings.base_url.as_deref(), Some("http://x"));
    let error = read("kind = 'openai'\nbase_rul = 'http://x'").unwrap_err();
    assert!(error.to_string().contains("unknown field `base_rul`"));
}

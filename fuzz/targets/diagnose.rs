//! Evidence of any form: diagnosed, and again inside of JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use propus_failures::{diagnose, explain};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let diagnosis = diagnose(&text);
    assert!(diagnosis.causes.len() <= diagnose::MOST_CAUSES);
    for cause in &diagnosis.causes {
        assert!(!cause.fix.is_empty());
    }
    diagnose(&serde_json::json!({ "message": text }).to_string());
    explain(&text);
});

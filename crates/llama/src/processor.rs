//! Whether this processor can run what was compiled: a clear message instead of an illegal
//! instruction.

use std::fmt;

/// Instructions that the program was compiled for and the processor lacks.
#[derive(Debug, PartialEq, Eq)]
pub struct MissingInstructions(Vec<&'static str>);

impl fmt::Display for MissingInstructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this processor lacks instructions that propus was built for: {}\n\
             hint: build it on this machine (`make build`), or with the feature `dynamic-backends`, \
             which picks the code at run time",
            self.0.join(", ")
        )
    }
}

impl std::error::Error for MissingInstructions {}

/// Asks the processor. The standard library's detection macro cannot be used here: for a feature
/// that the compiler was told to use, it answers yes without looking.
#[cfg(target_arch = "x86_64")]
pub fn check() -> Result<(), MissingInstructions> {
    let missing = missing(&raw_cpuid::CpuId::new());
    match missing.is_empty() {
        true => Ok(()),
        false => Err(MissingInstructions(missing)),
    }
}

/// Other architectures are built for their baseline.
#[cfg(not(target_arch = "x86_64"))]
pub fn check() -> Result<(), MissingInstructions> {
    Ok(())
}

#[cfg(target_arch = "x86_64")]
fn missing<R: raw_cpuid::CpuIdReader>(processor: &raw_cpuid::CpuId<R>) -> Vec<&'static str> {
    // llama.cpp is compiled with AVX2, FMA and F16C unless it picks its code at run time.
    let always = !cfg!(feature = "dynamic-backends");
    let basic = processor.get_feature_info();
    let basic = |has: fn(&raw_cpuid::FeatureInfo) -> bool| basic.as_ref().is_some_and(has);
    let extended = processor.get_extended_feature_info();
    let extended =
        |has: fn(&raw_cpuid::ExtendedFeatures) -> bool| extended.as_ref().is_some_and(has);
    let needed = [
        ("avx2", always, extended(|f| f.has_avx2())),
        ("fma", always, basic(|f| f.has_fma())),
        ("f16c", always, basic(|f| f.has_f16c())),
        (
            "bmi2",
            cfg!(target_feature = "bmi2"),
            extended(|f| f.has_bmi2()),
        ),
        (
            "avx512f",
            cfg!(target_feature = "avx512f"),
            extended(|f| f.has_avx512f()),
        ),
        (
            "avx512bw",
            cfg!(target_feature = "avx512bw"),
            extended(|f| f.has_avx512bw()),
        ),
        (
            "avx512vl",
            cfg!(target_feature = "avx512vl"),
            extended(|f| f.has_avx512vl()),
        ),
        (
            "avx512vnni",
            cfg!(target_feature = "avx512vnni"),
            extended(|f| f.has_avx512vnni()),
        ),
        (
            "avx512bf16",
            cfg!(target_feature = "avx512bf16"),
            extended(|f| f.has_avx512_bf16()),
        ),
    ];
    let lacking = needed
        .into_iter()
        .filter(|(_, needed, has)| *needed && !has);
    lacking.map(|(name, _, _)| name).collect()
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use raw_cpuid::{CpuId, CpuIdResult};

    #[test]
    fn an_old_processor_is_told_what_it_lacks() {
        let nothing = |_: u32, _: u32| CpuIdResult {
            eax: 0,
            ebx: 0,
            ecx: 0,
            edx: 0,
        };
        let missing = missing(&CpuId::with_cpuid_reader(nothing));
        if !cfg!(feature = "dynamic-backends") {
            assert!(missing.contains(&"avx2"));
        }
        let message = MissingInstructions(vec!["avx2"]).to_string();
        assert!(message.contains("avx2") && message.contains("hint: "));
    }

    #[test]
    fn this_processor_runs_this_test() {
        assert_eq!(check(), Ok(()));
    }
}

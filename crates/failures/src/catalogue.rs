//! The list of all failures that can be raised.

use crate::{Failure, Problem};

macro_rules! catalogue {
    ($($folder:ident: $($file:ident::$Failure:ident),+;)+) => {
        /// Values of every failure, for tests, injection and documentation.
        pub fn examples() -> Vec<Problem> {
            let mut examples = Vec::new();
            $($(add::<crate::$folder::$file::$Failure>(&mut examples);)+)+
            examples
        }
    };
}

fn add<F: Failure>(examples: &mut Vec<Problem>) {
    examples.extend(F::examples().into_iter().map(Problem::from));
}

catalogue! {
    request:
        api_version_mismatch::ApiVersionMismatch,
        feature_conflict::FeatureConflict,
        function_call_order::FunctionCallOrder,
        function_name_invalid::FunctionNameInvalid,
        invalid_argument_generic::InvalidArgumentGeneric,
        malformed_json::MalformedJson,
        missing_required_field::MissingRequiredField,
        modality_unsupported::ModalityUnsupported,
        model_feature_unsupported::ModelFeatureUnsupported,
        multiturn_role_order::MultiturnRoleOrder,
        param_conflict::ParamConflict,
        param_out_of_range::ParamOutOfRange,
        param_unsupported_by_model::ParamUnsupportedByModel,
        safety_settings_invalid::SafetySettingsInvalid,
        schema_too_complex::SchemaTooComplex,
        schema_unsupported::SchemaUnsupported,
        thinking_config_invalid::ThinkingConfigInvalid,
        thought_signature_invalid::ThoughtSignatureInvalid,
        thought_signature_missing::ThoughtSignatureMissing,
        tool_param_deprecated::ToolParamDeprecated,
        unknown_field::UnknownField,
        wrong_enum_or_type::WrongEnumOrType;
    keys:
        expired_api_key::ExpiredApiKey,
        invalid_api_key::InvalidApiKey,
        key_restricted_api::KeyRestrictedApi,
        leaked_api_key::LeakedApiKey,
        missing_auth::MissingAuth,
        permission_denied_generic::PermissionDeniedGeneric,
        tuned_model_permission::TunedModelPermission,
        wrong_auth_scheme::WrongAuthScheme;
    models:
        model_method_mismatch::ModelMethodMismatch,
        model_name_format::ModelNameFormat,
        model_not_found::ModelNotFound,
        model_retired::ModelRetired;
    content:
        base64_invalid::Base64Invalid,
        file_not_active::FileNotActive,
        file_not_found_or_expired::FileNotFoundOrExpired,
        image_invalid::ImageInvalid,
        mime_unsupported::MimeUnsupported;
    limits:
        batch_too_large::BatchTooLarge,
        cache_too_small::CacheTooSmall,
        context_too_long::ContextTooLong,
        payload_too_large::PayloadTooLarge;
    service:
        cancelled_499::Cancelled499,
        deadline_503::Deadline503,
        deadline_504::Deadline504,
        internal_500::Internal500,
        overloaded_503::Overloaded503;
}

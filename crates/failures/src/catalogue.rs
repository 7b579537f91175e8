//! The list of all failures: those that can be raised, those that are replies, and their entries.

use crate::{Failure, Problem, entry::Entry};
use propus_wire::generate::GenerateContentResponse;
use std::sync::LazyLock;

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
        key_restricted_app::KeyRestrictedApp,
        key_restricted_ip::KeyRestrictedIp,
        key_restricted_referer::KeyRestrictedReferer,
        key_suspended::KeySuspended,
        leaked_api_key::LeakedApiKey,
        legacy_key_rejected::LegacyKeyRejected,
        missing_auth::MissingAuth,
        oauth_scope_insufficient::OauthScopeInsufficient,
        permission_denied_generic::PermissionDeniedGeneric,
        tuned_model_permission::TunedModelPermission,
        wrong_auth_scheme::WrongAuthScheme;
    account:
        account_disabled_tos::AccountDisabledTos,
        billing_country_restricted::BillingCountryRestricted,
        billing_required::BillingRequired,
        location_unsupported::LocationUnsupported,
        prepay_depleted::PrepayDepleted,
        project_invalid::ProjectInvalid,
        service_disabled::ServiceDisabled,
        spend_cap::SpendCap,
        spend_rate_limit::SpendRateLimit;
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
    quota:
        quota_free_tier_zero::QuotaFreeTierZero,
        quota_per_day::QuotaPerDay,
        quota_per_minute::QuotaPerMinute,
        quota_per_user::QuotaPerUser,
        quota_region_zero::QuotaRegionZero,
        quota_shared_capacity::QuotaSharedCapacity,
        quota_storage::QuotaStorage,
        quota_tokens_per_day::QuotaTokensPerDay,
        quota_tokens_per_minute::QuotaTokensPerMinute,
        quota_unspecified::QuotaUnspecified;
    service:
        cancelled_499::Cancelled499,
        deadline_503::Deadline503,
        deadline_504::Deadline504,
        internal_500::Internal500,
        overloaded_503::Overloaded503;
}

/// The failures that come as a reply with status 200, by name, each with its typical reply.
pub fn replies(model: &str) -> Vec<(&'static str, GenerateContentResponse)> {
    macro_rules! replies {
        ($($file:ident)+) => {
            vec![$((crate::reply::$file::ENTRY.name, crate::reply::$file::reply(model))),+]
        };
    }
    replies! {
        block_reason_other
        blocked_prohibited
        blocked_safety_output
        blocked_safety_prompt
        empty_response
        finish_other
        image_blocked_or_missing
        language_unsupported
        malformed_function_call
        max_tokens_empty
        recitation
        unexpected_tool_call
    }
}

/// All failures of the catalogue, whether Propus raises them or only knows them again.
pub static ENTRIES: [&Entry; 97] = [
    &crate::request::api_version_mismatch::ENTRY,
    &crate::request::feature_conflict::ENTRY,
    &crate::request::function_call_order::ENTRY,
    &crate::request::function_name_invalid::ENTRY,
    &crate::request::invalid_argument_generic::ENTRY,
    &crate::request::malformed_json::ENTRY,
    &crate::request::missing_required_field::ENTRY,
    &crate::request::modality_unsupported::ENTRY,
    &crate::request::model_feature_unsupported::ENTRY,
    &crate::request::multiturn_role_order::ENTRY,
    &crate::request::param_conflict::ENTRY,
    &crate::request::param_out_of_range::ENTRY,
    &crate::request::param_unsupported_by_model::ENTRY,
    &crate::request::safety_settings_invalid::ENTRY,
    &crate::request::schema_too_complex::ENTRY,
    &crate::request::schema_unsupported::ENTRY,
    &crate::request::thinking_config_invalid::ENTRY,
    &crate::request::thought_signature_invalid::ENTRY,
    &crate::request::thought_signature_missing::ENTRY,
    &crate::request::tool_param_deprecated::ENTRY,
    &crate::request::unknown_field::ENTRY,
    &crate::request::wrong_enum_or_type::ENTRY,
    &crate::keys::expired_api_key::ENTRY,
    &crate::keys::invalid_api_key::ENTRY,
    &crate::keys::key_format_new::ENTRY,
    &crate::keys::key_restricted_api::ENTRY,
    &crate::keys::key_restricted_app::ENTRY,
    &crate::keys::key_restricted_ip::ENTRY,
    &crate::keys::key_restricted_referer::ENTRY,
    &crate::keys::key_suspended::ENTRY,
    &crate::keys::leaked_api_key::ENTRY,
    &crate::keys::legacy_key_rejected::ENTRY,
    &crate::keys::missing_auth::ENTRY,
    &crate::keys::oauth_scope_insufficient::ENTRY,
    &crate::keys::permission_denied_generic::ENTRY,
    &crate::keys::tuned_model_permission::ENTRY,
    &crate::keys::wrong_auth_scheme::ENTRY,
    &crate::account::account_disabled_tos::ENTRY,
    &crate::account::billing_country_restricted::ENTRY,
    &crate::account::billing_required::ENTRY,
    &crate::account::location_unsupported::ENTRY,
    &crate::account::prepay_depleted::ENTRY,
    &crate::account::project_invalid::ENTRY,
    &crate::account::service_disabled::ENTRY,
    &crate::account::spend_cap::ENTRY,
    &crate::account::spend_rate_limit::ENTRY,
    &crate::models::model_method_mismatch::ENTRY,
    &crate::models::model_name_format::ENTRY,
    &crate::models::model_not_found::ENTRY,
    &crate::models::model_retired::ENTRY,
    &crate::content::base64_invalid::ENTRY,
    &crate::content::file_not_active::ENTRY,
    &crate::content::file_not_found_or_expired::ENTRY,
    &crate::content::image_invalid::ENTRY,
    &crate::content::mime_unsupported::ENTRY,
    &crate::limits::batch_too_large::ENTRY,
    &crate::limits::cache_too_small::ENTRY,
    &crate::limits::context_too_long::ENTRY,
    &crate::limits::payload_too_large::ENTRY,
    &crate::quota::quota_free_tier_zero::ENTRY,
    &crate::quota::quota_per_day::ENTRY,
    &crate::quota::quota_per_minute::ENTRY,
    &crate::quota::quota_per_user::ENTRY,
    &crate::quota::quota_region_zero::ENTRY,
    &crate::quota::quota_shared_capacity::ENTRY,
    &crate::quota::quota_storage::ENTRY,
    &crate::quota::quota_tokens_per_day::ENTRY,
    &crate::quota::quota_tokens_per_minute::ENTRY,
    &crate::quota::quota_unspecified::ENTRY,
    &crate::service::cancelled_499::ENTRY,
    &crate::service::deadline_503::ENTRY,
    &crate::service::deadline_504::ENTRY,
    &crate::service::internal_500::ENTRY,
    &crate::service::overloaded_503::ENTRY,
    &crate::reply::block_reason_other::ENTRY,
    &crate::reply::blocked_prohibited::ENTRY,
    &crate::reply::blocked_safety_output::ENTRY,
    &crate::reply::blocked_safety_prompt::ENTRY,
    &crate::reply::empty_response::ENTRY,
    &crate::reply::finish_other::ENTRY,
    &crate::reply::image_blocked_or_missing::ENTRY,
    &crate::reply::language_unsupported::ENTRY,
    &crate::reply::malformed_function_call::ENTRY,
    &crate::reply::max_tokens_empty::ENTRY,
    &crate::reply::recitation::ENTRY,
    &crate::reply::unexpected_tool_call::ENTRY,
    &crate::network::base_url_wrong::ENTRY,
    &crate::network::client_timeout::ENTRY,
    &crate::network::live_api_close::ENTRY,
    &crate::network::network_error::ENTRY,
    &crate::network::stream_error_midway::ENTRY,
    &crate::network::stream_parse_error::ENTRY,
    &crate::network::stream_truncated::ENTRY,
    &crate::network::tls_error::ENTRY,
    &crate::client::finish_unknown_enum::ENTRY,
    &crate::client::sdk_accessor_non_text::ENTRY,
    &crate::client::sdk_validation_error::ENTRY,
];

/// What a page tells of its failure.
pub(crate) struct Told {
    pub(crate) summary: &'static str,
    pub(crate) why: String,
    pub(crate) fix: Vec<String>,
}

/// What the pages tell, taken out of them once, by the failures' places in the catalogue.
pub(crate) static TOLD: LazyLock<Vec<Told>> = LazyLock::new(|| {
    let pages = ENTRIES.iter().map(|entry| entry.page());
    pages
        .map(|page| Told {
            summary: page.summary,
            why: page.why(),
            fix: page.fixes(),
        })
        .collect()
});

/// The place of a failure in the catalogue.
///
/// # Panics
///
/// If there is none; names come from the catalogue.
pub(crate) fn index(name: &str) -> usize {
    let place = ENTRIES.iter().position(|entry| entry.name == name);
    place.expect("the name is in the catalogue")
}

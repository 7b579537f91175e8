//! Messages of long-running work: what is polled until it is done.

use crate::status::{Code, Detail, Status};
use serde_json::{Map, Value};

crate::message! {
    /// Work that goes on behind the API.
    pub struct Operation {
        /// Such as `batches/...` or `models/.../operations/...`.
        name: Option<String>;
        /// How far it is; its form depends on the method that began it.
        metadata: Option<Map<String, Value>>;
        /// Whether it has ended; then either an error or a response is there.
        done: Option<bool>;
        /// Why it failed.
        error: Option<RpcStatus>, @oneof(result);
        /// What came of it; its form depends on the method that began it.
        response: Option<Map<String, Value>>, @oneof(result);
    }

    /// One page of operations.
    pub struct ListOperationsResponse {
        /// The operations.
        operations: Vec<Operation>;
        /// Asks for the next page; absent on the last.
        next_page_token: Option<String>;
    }

    /// What went wrong, as a field of a message: with the number of gRPC in place of HTTP's.
    pub struct RpcStatus = "google.rpc.Status" {
        /// The number of gRPC, such as 3 for `INVALID_ARGUMENT`.
        code: Option<i32>;
        /// For people.
        message: Option<String>;
        /// For programs, each with its `@type`.
        details: Vec<Map<String, Value>>;
    }

    /// Asks a model of another kind, such as one that draws.
    pub struct PredictRequest {
        /// What to predict from; their form depends on the model.
        instances: Vec<Value>;
        /// How; its form depends on the model.
        parameters: Option<Value>;
    }

    /// What such a model made.
    pub struct PredictResponse {
        /// One for each that was asked for; their form depends on the model.
        predictions: Vec<Value>;
    }
}

/// The codes in the order of gRPC's numbers, from 1 on.
const BY_NUMBER: [Code; 16] = [
    Code::Cancelled,
    Code::Unknown,
    Code::InvalidArgument,
    Code::DeadlineExceeded,
    Code::NotFound,
    Code::AlreadyExists,
    Code::PermissionDenied,
    Code::ResourceExhausted,
    Code::FailedPrecondition,
    Code::Aborted,
    Code::OutOfRange,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    // DATA_LOSS, which this API has no name of its own for.
    Code::Internal,
    Code::Unauthenticated,
];

impl RpcStatus {
    /// The same as the body of an error says it. A number that is not known counts as `UNKNOWN`.
    ///
    /// ```
    /// use propus_wire::{operations::RpcStatus, status::Code};
    ///
    /// let status = RpcStatus { code: Some(8), ..Default::default() }.status();
    /// assert_eq!(status.code, Code::ResourceExhausted);
    /// ```
    pub fn status(&self) -> Status {
        let number = self.code.and_then(|code| usize::try_from(code).ok());
        let code = number
            .and_then(|number| BY_NUMBER.get(number.checked_sub(1)?))
            .copied()
            .unwrap_or(Code::Unknown);
        let details = self.details.iter().cloned().map(Value::Object);
        Status {
            code,
            message: self.message.clone().unwrap_or_default(),
            details: details.map(|detail| Detail::from_json(&detail)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, Mode};

    #[test]
    fn numbers_of_grpc_have_their_names() {
        for (number, code) in [
            (1, Code::Cancelled),
            (3, Code::InvalidArgument),
            (5, Code::NotFound),
            (16, Code::Unauthenticated),
            (0, Code::Unknown),
            (-1, Code::Unknown),
            (17, Code::Unknown),
        ] {
            let status = RpcStatus {
                code: Some(number),
                ..Default::default()
            };
            assert_eq!(status.status().code, code, "{number}");
        }
    }

    #[test]
    fn an_operation_is_read_with_its_error() {
        let json = br#"{"name":"batches/b","metadata":{"@type":"x"},"done":true,"error":{"code":14,
            "message":"later","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}"#;
        let operation = Operation::from_json(json, Mode::Lenient).unwrap();
        let status = operation.error.unwrap().status();
        assert_eq!(status.code, Code::Unavailable);
        let delay = std::time::Duration::from_secs(3);
        assert_eq!(status.details, [Detail::RetryInfo { retry_delay: delay }]);
    }
}

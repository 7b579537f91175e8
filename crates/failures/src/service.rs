//! Failures of the service itself.

pub mod cancelled_499;
pub mod deadline_503;
pub mod deadline_504;
pub mod internal_500;
pub mod overloaded_503;

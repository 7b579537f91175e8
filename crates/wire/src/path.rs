//! Resource paths of the API: `/v1beta/models/NAME:METHOD` and the rest.

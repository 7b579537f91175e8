//! Bodies and the exact messages that they give.

//! Nothing of a change is lost on its way to a reviewer.

//! Hand-made events make each checker fire.

//! `etcdctl` as real etcd 3.5 has it: its arguments here, its work and its answers beside them.

pub mod args;

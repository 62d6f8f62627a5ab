//! The class: what an application sets, is told and gets back.

pub mod codepage;

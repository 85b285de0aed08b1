//! The program for `cargo xtask profile`: whole, and each function says that it runs.

use std::convert::Infallible;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, Instruction, Module};
use wasmparser::Parser;

use super::Watched;
use super::program::Program;

/// Writes the program, in which each function begins by giving its index to `raftLab.second`.
///
/// # Errors
/// The program cannot be written.
pub(super) fn watched(wasm: &[u8], program: &Program<'_>) -> Result<Watched> {
    let mut module = Module::new();
    Telling(program)
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .context("the program cannot be written")?;
    let mut functions = String::new();
    for index in program.indices() {
        let function = program.function(index)?;
        functions += &format!("{} {}\n", function.bytes(), function.name);
    }
    Ok(Watched { whole: module.finish(), functions })
}

struct Telling<'x, 'a>(&'x Program<'a>);

impl Reencode for Telling<'_, '_> {
    type Error = Infallible;

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for (body, index) in section.into_iter().zip(self.0.imported..) {
            let body = body?;
            let mut function = self.new_function_with_parsed_locals(&body)?;
            function.instruction(&Instruction::I32Const(index as i32));
            function.instruction(&Instruction::Call(self.0.loader));
            let mut instructions = body.get_operators_reader()?;
            while !instructions.eof() {
                function.instruction(&self.parse_instruction(&mut instructions)?);
            }
            code.function(&function);
        }
        Ok(())
    }
}

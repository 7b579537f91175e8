//! The tables of GGUF: tensor types with their block sizes, and the names of file types.
//!
//! The numbers are ggml's (`ggml_type`, `llama_ftype`). A type that is not in the table is kept by its number: a
//! newer file is still listed, only its size cannot be checked.

use std::fmt;

/// How the numbers of one tensor are stored: ggml's type number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorType(pub u32);

struct TypeRow {
    id: u32,
    name: &'static str,
    /// Elements of one block.
    block: u64,
    /// Bytes of one block.
    bytes: u64,
}

const fn row(id: u32, name: &'static str, block: u64, bytes: u64) -> TypeRow {
    TypeRow {
        id,
        name,
        block,
        bytes,
    }
}

const TENSOR_TYPES: &[TypeRow] = &[
    row(0, "F32", 1, 4),
    row(1, "F16", 1, 2),
    row(2, "Q4_0", 32, 18),
    row(3, "Q4_1", 32, 20),
    row(6, "Q5_0", 32, 22),
    row(7, "Q5_1", 32, 24),
    row(8, "Q8_0", 32, 34),
    row(9, "Q8_1", 32, 36),
    row(10, "Q2_K", 256, 84),
    row(11, "Q3_K", 256, 110),
    row(12, "Q4_K", 256, 144),
    row(13, "Q5_K", 256, 176),
    row(14, "Q6_K", 256, 210),
    row(15, "Q8_K", 256, 292),
    row(16, "IQ2_XXS", 256, 66),
    row(17, "IQ2_XS", 256, 74),
    row(18, "IQ3_XXS", 256, 98),
    row(19, "IQ1_S", 256, 50),
    row(20, "IQ4_NL", 32, 18),
    row(21, "IQ3_S", 256, 110),
    row(22, "IQ2_S", 256, 82),
    row(23, "IQ4_XS", 256, 136),
    row(24, "I8", 1, 1),
    row(25, "I16", 1, 2),
    row(26, "I32", 1, 4),
    row(27, "I64", 1, 8),
    row(28, "F64", 1, 8),
    row(29, "IQ1_M", 256, 56),
    row(30, "BF16", 1, 2),
    row(34, "TQ1_0", 256, 54),
    row(35, "TQ2_0", 256, 66),
    row(39, "MXFP4", 32, 17),
    row(40, "NVFP4", 64, 36),
    row(41, "Q1_0", 128, 18),
    row(42, "Q2_0", 64, 18),
];

impl TensorType {
    /// 32-bit floats.
    pub const F32: TensorType = TensorType(0);
    /// 16-bit floats.
    pub const F16: TensorType = TensorType(1);
    /// Blocks of 32 signed bytes with one 16-bit scale.
    pub const Q8_0: TensorType = TensorType(8);

    fn row(self) -> Option<&'static TypeRow> {
        TENSOR_TYPES.iter().find(|row| row.id == self.0)
    }

    /// The elements of one block; none for a type that is not known here.
    pub fn block(self) -> Option<u64> {
        self.row().map(|row| row.block)
    }

    /// The bytes of a tensor with rows of `row_length` elements and `elements` in all; none when the type is not
    /// known, the rows are not whole blocks, or the size overflows.
    pub fn bytes(self, row_length: u64, elements: u64) -> Option<u64> {
        let row = self.row()?;
        if !row_length.is_multiple_of(row.block) {
            return None;
        }
        (elements / row.block).checked_mul(row.bytes)
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row() {
            Some(row) => f.write_str(row.name),
            None => write!(f, "type {}", self.0),
        }
    }
}

impl fmt::Debug for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const FILE_TYPES: &[(u64, &str)] = &[
    (0, "F32"),
    (1, "F16"),
    (2, "Q4_0"),
    (3, "Q4_1"),
    (7, "Q8_0"),
    (8, "Q5_0"),
    (9, "Q5_1"),
    (10, "Q2_K"),
    (11, "Q3_K_S"),
    (12, "Q3_K_M"),
    (13, "Q3_K_L"),
    (14, "Q4_K_S"),
    (15, "Q4_K_M"),
    (16, "Q5_K_S"),
    (17, "Q5_K_M"),
    (18, "Q6_K"),
    (19, "IQ2_XXS"),
    (20, "IQ2_XS"),
    (21, "Q2_K_S"),
    (22, "IQ3_XS"),
    (23, "IQ3_XXS"),
    (24, "IQ1_S"),
    (25, "IQ4_NL"),
    (26, "IQ3_S"),
    (27, "IQ3_M"),
    (28, "IQ2_S"),
    (29, "IQ2_M"),
    (30, "IQ4_XS"),
    (31, "IQ1_M"),
    (32, "BF16"),
    (36, "TQ1_0"),
    (37, "TQ2_0"),
    (38, "MXFP4"),
    (39, "NVFP4"),
    (40, "Q1_0"),
    (41, "Q2_0"),
];

/// The name of a `general.file_type`, as people write it (`Q4_K_M`).
pub(crate) fn file_type_name(id: u64) -> Option<&'static str> {
    FILE_TYPES
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, name)| *name)
}

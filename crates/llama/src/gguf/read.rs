//! Reads the head of a GGUF file. Nothing in it is believed before it is checked against the file's size.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use super::{Array, Gguf, GgufError, MAGIC, TensorInfo, TensorType, Value};

/// A length beyond this is corruption, not truncation: there is no such string or list.
const ABSURD: u64 = 1 << 40;
/// ggml's own limits.
const MAX_DIMENSIONS: u32 = 4;
const MAX_NESTING: u32 = 4;

impl Gguf {
    /// Reads the head of a file, and checks that the tensors it lists are all there.
    pub fn read(path: &Path) -> Result<Gguf, GgufError> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Self::from_reader(file, size)
    }

    /// Reads the head from anything that can be read and sought, of which there are `size` bytes.
    pub fn from_reader(source: impl Read + Seek, size: u64) -> Result<Gguf, GgufError> {
        let mut head = Head {
            source: BufReader::with_capacity(1 << 16, source),
            position: 0,
            size,
        };
        let version = head.preamble()?;
        let tensor_count = head.u64()?;
        let pair_count = head.u64()?;
        let metadata = head.metadata(pair_count)?;
        let alignment = alignment(&metadata, head.position)?;
        let tensors = head.tensors(tensor_count, alignment)?;
        let data_offset = head.position.next_multiple_of(alignment);
        head.check_data(&tensors, data_offset)?;
        Ok(Gguf {
            version,
            metadata,
            tensors,
            alignment,
            data_offset,
            file_size: size,
        })
    }
}

fn alignment(metadata: &BTreeMap<String, Value>, position: u64) -> Result<u64, GgufError> {
    let Some(value) = metadata.get("general.alignment") else {
        return Ok(32);
    };
    match value.as_u64() {
        Some(alignment) if alignment.is_power_of_two() && alignment <= 1 << 20 => Ok(alignment),
        _ => Err(GgufError::Corrupt {
            position,
            what: "`general.alignment` is not a power of two".into(),
        }),
    }
}

struct Head<R> {
    source: BufReader<R>,
    position: u64,
    size: u64,
}

impl<R: Read + Seek> Head<R> {
    fn preamble(&mut self) -> Result<u32, GgufError> {
        let magic: [u8; 4] = self.bytes()?;
        if magic != MAGIC {
            return Err(GgufError::NotGguf {
                looks_like: looks_like(magic),
            });
        }
        match self.u32()? {
            version @ (2 | 3) => Ok(version),
            version if version & 0xffff == 0 && version != 0 => Err(GgufError::BigEndian),
            version => Err(GgufError::UnsupportedVersion { version }),
        }
    }

    fn metadata(&mut self, count: u64) -> Result<BTreeMap<String, Value>, GgufError> {
        self.plausible(count, "metadata entries")?;
        let mut metadata = BTreeMap::new();
        for _ in 0..count {
            let key = self.name()?;
            let kind = self.u32()?;
            let value = self.value(kind, 0)?;
            if metadata.contains_key(&key) {
                return Err(self.corrupt(format!("the key `{key}` occurs twice")));
            }
            metadata.insert(key, value);
        }
        Ok(metadata)
    }

    fn tensors(&mut self, count: u64, alignment: u64) -> Result<Vec<TensorInfo>, GgufError> {
        self.plausible(count, "tensors")?;
        let mut tensors = Vec::new();
        for _ in 0..count {
            tensors.push(self.tensor(alignment)?);
        }
        Ok(tensors)
    }

    fn tensor(&mut self, alignment: u64) -> Result<TensorInfo, GgufError> {
        let name = self.name()?;
        let dimensions = self.u32()?;
        if dimensions > MAX_DIMENSIONS {
            return Err(self.corrupt(format!("tensor `{name}` has {dimensions} dimensions")));
        }
        let mut shape = Vec::with_capacity(MAX_DIMENSIONS as usize);
        for _ in 0..dimensions {
            shape.push(self.u64()?);
        }
        let kind = TensorType(self.u32()?);
        let offset = self.u64()?;
        let tensor = TensorInfo {
            name,
            shape,
            kind,
            offset,
        };
        self.check_tensor(&tensor, alignment)?;
        Ok(tensor)
    }

    fn check_tensor(&self, tensor: &TensorInfo, alignment: u64) -> Result<(), GgufError> {
        let name = &tensor.name;
        if tensor
            .shape
            .iter()
            .try_fold(1u64, |product, side| product.checked_mul(*side))
            .is_none()
        {
            return Err(self.corrupt(format!(
                "tensor `{name}` has more elements than can be counted"
            )));
        }
        if tensor.kind.block().is_some() && tensor.bytes().is_none() {
            return Err(self.corrupt(format!(
                "the rows of tensor `{name}` are not whole blocks of {}",
                tensor.kind
            )));
        }
        if !tensor.offset.is_multiple_of(alignment) {
            return Err(self.corrupt(format!("tensor `{name}` is not aligned")));
        }
        Ok(())
    }

    /// The end of the last tensor must lie within the file.
    fn check_data(&self, tensors: &[TensorInfo], data_offset: u64) -> Result<(), GgufError> {
        let mut expected = 0;
        for tensor in tensors {
            let end = data_offset
                .checked_add(tensor.offset)
                .and_then(|start| start.checked_add(tensor.bytes().unwrap_or(0)))
                .ok_or_else(|| {
                    self.corrupt(format!("tensor `{}` ends beyond any file", tensor.name))
                })?;
            expected = expected.max(end);
        }
        if expected > self.size {
            return Err(GgufError::Truncated {
                expected,
                actual: self.size,
            });
        }
        Ok(())
    }

    fn value(&mut self, kind: u32, depth: u32) -> Result<Value, GgufError> {
        Ok(match kind {
            0 => Value::U8(u8::from_le_bytes(self.bytes()?)),
            1 => Value::I8(i8::from_le_bytes(self.bytes()?)),
            2 => Value::U16(u16::from_le_bytes(self.bytes()?)),
            3 => Value::I16(i16::from_le_bytes(self.bytes()?)),
            4 => Value::U32(self.u32()?),
            5 => Value::I32(i32::from_le_bytes(self.bytes()?)),
            6 => Value::F32(f32::from_le_bytes(self.bytes()?)),
            7 => Value::Bool(u8::from_le_bytes(self.bytes()?) != 0),
            8 => Value::String(self.text()?),
            9 => Value::Array(self.array(depth)?),
            10 => Value::U64(self.u64()?),
            11 => Value::I64(i64::from_le_bytes(self.bytes()?)),
            12 => Value::F64(f64::from_le_bytes(self.bytes()?)),
            _ => return Err(self.corrupt(format!("{kind} is no type of a value"))),
        })
    }

    fn array(&mut self, depth: u32) -> Result<Array, GgufError> {
        if depth >= MAX_NESTING {
            return Err(self.corrupt("lists are nested too deeply".into()));
        }
        let element_type = self.u32()?;
        let length = self.u64()?;
        self.plausible(length, "elements of a list")?;
        let mut values = Vec::new();
        if length <= Array::KEPT {
            for _ in 0..length {
                values.push(self.value(element_type, depth + 1)?);
            }
        } else {
            self.skip_elements(element_type, length, depth + 1)?;
        }
        Ok(Array {
            element_type,
            length,
            values,
        })
    }

    fn skip_elements(&mut self, kind: u32, length: u64, depth: u32) -> Result<(), GgufError> {
        let width = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 => return (0..length).try_for_each(|_| self.skip_text()),
            9 => return (0..length).try_for_each(|_| self.array(depth).map(drop)),
            _ => return Err(self.corrupt(format!("{kind} is no type of a value"))),
        };
        self.skip(length.saturating_mul(width))
    }

    fn name(&mut self) -> Result<String, GgufError> {
        let length = self.length()?;
        if length > u64::from(u16::MAX) {
            return Err(self.corrupt(format!("a name of {length} bytes")));
        }
        let position = self.position;
        String::from_utf8(self.take(length)?).map_err(|_| GgufError::Corrupt {
            position,
            what: "a name is not UTF-8".into(),
        })
    }

    /// Text is meant to be UTF-8; what is not is replaced, since it is only shown.
    fn text(&mut self) -> Result<String, GgufError> {
        let length = self.length()?;
        Ok(String::from_utf8_lossy(&self.take(length)?).into_owned())
    }

    fn skip_text(&mut self) -> Result<(), GgufError> {
        let length = self.length()?;
        self.skip(length)
    }

    fn length(&mut self) -> Result<u64, GgufError> {
        let length = self.u64()?;
        self.plausible(length, "bytes of text")?;
        Ok(length)
    }

    fn plausible(&self, count: u64, of: &str) -> Result<(), GgufError> {
        if count > ABSURD {
            return Err(self.corrupt(format!("it claims {count} {of}")));
        }
        Ok(())
    }

    fn u32(&mut self) -> Result<u32, GgufError> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, GgufError> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        self.advance(N as u64)?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Checked against the file's size before anything is allocated.
    fn take(&mut self, length: u64) -> Result<Vec<u8>, GgufError> {
        self.advance(length)?;
        let mut bytes = vec![0; length as usize];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn skip(&mut self, length: u64) -> Result<(), GgufError> {
        self.advance(length)?;
        Ok(self.source.seek_relative(length as i64)?)
    }

    fn advance(&mut self, length: u64) -> Result<(), GgufError> {
        let end = self.position.saturating_add(length);
        if end > self.size {
            return Err(GgufError::Truncated {
                expected: end,
                actual: self.size,
            });
        }
        self.position = end;
        Ok(())
    }

    fn corrupt(&self, what: String) -> GgufError {
        GgufError::Corrupt {
            position: self.position,
            what,
        }
    }
}

/// The files that people most often have instead.
fn looks_like(start: [u8; 4]) -> String {
    match &start {
        b"PK\x03\x04" => "it looks like a ZIP archive or a Python wheel".into(),
        b"<!DO" | b"<!do" | b"<htm" | b"<HTM" => {
            "it looks like a web page, perhaps a failed download".into()
        }
        b"vers" => "it looks like a Git LFS pointer, not the file itself".into(),
        b"ggml" | b"lmgg" | b"tjgg" => "it looks like an old GGML file; convert it to GGUF".into(),
        [_, _, _, 0] => "it begins like a safetensors file".into(),
        _ => format!("it begins with `{}`", start.escape_ascii()),
    }
}

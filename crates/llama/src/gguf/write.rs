//! Writes GGUF files, version 3.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{GgufError, MAGIC, TensorInfo, TensorType, Value};

const ALIGNMENT: u64 = 32;

/// Collects metadata and tensors, then writes them as one GGUF file.
///
/// ```
/// use propus_llama::gguf::{Gguf, GgufWriter, TensorType};
///
/// let mut writer = GgufWriter::new("bert");
/// writer.set("bert.context_length", 512u32);
/// writer.tensor("token_types.weight", &[2, 1], TensorType::F32, vec![0; 8])?;
/// let mut file = Vec::new();
/// writer.write_to(&mut file)?;
/// let size = file.len() as u64;
/// assert_eq!(Gguf::from_reader(std::io::Cursor::new(file), size)?.context_length(), Some(512));
/// # Ok::<(), propus_llama::gguf::GgufError>(())
/// ```
#[derive(Debug)]
pub struct GgufWriter<'a> {
    metadata: Vec<(String, Value)>,
    tensors: Vec<(TensorInfo, Cow<'a, [u8]>)>,
    data_size: u64,
}

impl<'a> GgufWriter<'a> {
    /// Begins a file with its `general.architecture`.
    pub fn new(architecture: &str) -> Self {
        let metadata = vec![("general.architecture".to_owned(), architecture.into())];
        GgufWriter {
            metadata,
            tensors: Vec::new(),
            data_size: 0,
        }
    }

    /// Adds one value of the metadata. A key must not be given twice.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) -> &mut Self {
        self.metadata.push((key.to_owned(), value.into()));
        self
    }

    /// Adds a tensor; `shape` has the fastest dimension first.
    pub fn tensor(
        &mut self,
        name: &str,
        shape: &[u64],
        kind: TensorType,
        data: impl Into<Cow<'a, [u8]>>,
    ) -> Result<&mut Self, GgufError> {
        let data = data.into();
        let info = TensorInfo {
            name: name.to_owned(),
            shape: shape.to_vec(),
            kind,
            offset: self.data_size,
        };
        let (expected, actual) = (info.bytes(), data.len() as u64);
        if expected != Some(actual) {
            return Err(GgufError::BadTensor {
                name: info.name,
                expected,
                actual,
            });
        }
        self.data_size += actual.next_multiple_of(ALIGNMENT);
        self.tensors.push((info, data));
        Ok(self)
    }

    /// Writes a new file and waits until it is on the disk.
    pub fn write(&self, path: &Path) -> Result<(), GgufError> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        self.write_to(&mut file)?;
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        Ok(())
    }

    /// Writes the file to anything.
    pub fn write_to(&self, sink: impl Write) -> Result<(), GgufError> {
        let mut out = Out { sink, position: 0 };
        out.bytes(&MAGIC)?;
        out.bytes(&3u32.to_le_bytes())?;
        out.bytes(&(self.tensors.len() as u64).to_le_bytes())?;
        out.bytes(&(self.metadata.len() as u64).to_le_bytes())?;
        for (key, value) in &self.metadata {
            out.text(key)?;
            out.bytes(&value.type_number().to_le_bytes())?;
            out.value(value)?;
        }
        for (info, _) in &self.tensors {
            out.tensor(info)?;
        }
        out.align()?;
        for (_, data) in &self.tensors {
            out.bytes(data)?;
            out.align()?;
        }
        Ok(out.sink.flush()?)
    }
}

struct Out<W> {
    sink: W,
    position: u64,
}

impl<W: Write> Out<W> {
    fn tensor(&mut self, info: &TensorInfo) -> io::Result<()> {
        self.text(&info.name)?;
        self.bytes(&(info.shape.len() as u32).to_le_bytes())?;
        for side in &info.shape {
            self.bytes(&side.to_le_bytes())?;
        }
        self.bytes(&info.kind.0.to_le_bytes())?;
        self.bytes(&info.offset.to_le_bytes())
    }

    fn value(&mut self, value: &Value) -> io::Result<()> {
        match value {
            Value::U8(n) => self.bytes(&n.to_le_bytes()),
            Value::I8(n) => self.bytes(&n.to_le_bytes()),
            Value::U16(n) => self.bytes(&n.to_le_bytes()),
            Value::I16(n) => self.bytes(&n.to_le_bytes()),
            Value::U32(n) => self.bytes(&n.to_le_bytes()),
            Value::I32(n) => self.bytes(&n.to_le_bytes()),
            Value::F32(n) => self.bytes(&n.to_le_bytes()),
            Value::Bool(truth) => self.bytes(&[u8::from(*truth)]),
            Value::String(text) => self.text(text),
            Value::U64(n) => self.bytes(&n.to_le_bytes()),
            Value::I64(n) => self.bytes(&n.to_le_bytes()),
            Value::F64(n) => self.bytes(&n.to_le_bytes()),
            Value::Array(array) => {
                self.bytes(&array.element_type.to_le_bytes())?;
                self.bytes(&(array.values.len() as u64).to_le_bytes())?;
                array
                    .values
                    .iter()
                    .try_for_each(|element| self.value(element))
            }
        }
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.bytes(&(text.len() as u64).to_le_bytes())?;
        self.bytes(text.as_bytes())
    }

    fn align(&mut self) -> io::Result<()> {
        let gap = self.position.next_multiple_of(ALIGNMENT) - self.position;
        self.bytes(&[0; ALIGNMENT as usize][..gap as usize])
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.position += bytes.len() as u64;
        self.sink.write_all(bytes)
    }
}

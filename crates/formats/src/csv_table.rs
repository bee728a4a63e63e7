//! Tables in CSV (RFC 4180) as they are found in the world: any encoding, any line end, quoted fields with
//! newlines, empty lines, rows too short or too long. Every row knows its line, and a quote that is never closed
//! costs one row, not the rest of the file.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use crate::text::{Sniffed, Utf8};

/// The longest row in bytes. A quote that is still open after so much was not meant as one.
const MAX_ROW: usize = 1 << 20;

/// A row: its fields, trimmed, and the line on which it begins.
#[derive(Default, Debug)]
pub(crate) struct Row {
    /// The line, from 1.
    pub(crate) line: u64,
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// A field; empty where the row is too short.
    pub(crate) fn get(&self, index: usize) -> &str {
        let start = index
            .checked_sub(1)
            .map_or(Some(0), |before| self.ends.get(before).copied());
        start
            .zip(self.ends.get(index).copied())
            .and_then(|(start, end)| self.text.get(start..end))
            .unwrap_or("")
    }

    /// A field of a column that may be missing.
    pub(crate) fn opt(&self, column: Option<usize>) -> &str {
        column.map_or("", |index| self.get(index))
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn end_field(&mut self, quoted: bool) {
        let start = self.ends.last().copied().unwrap_or(0);
        if !quoted {
            let field = self.text.get(start..).unwrap_or("");
            let leading = field.len() - field.trim_start().len();
            let kept = start + leading + field.trim().len();
            self.text.truncate(kept);
            self.text.drain(start..(start + leading).min(kept));
        }
        self.ends.push(self.text.len());
    }
}

/// What the next row is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A row.
    Row,
    /// A row that cannot be read, and why.
    Bad(String),
    /// The end.
    End,
}

/// A table with a header.
pub(crate) struct Table<R: Read> {
    input: BufReader<Utf8<R>>,
    delimiter: char,
    header: Vec<String>,
    next_line: u64,
    /// Lines read ahead while looking for a closing quote that was not there.
    pending: VecDeque<(u64, String)>,
}

impl<R: Read> Table<R> {
    /// Reads the header. `delimiter`: `None` to find it out. `Err(Ok(why))` when there is no header.
    pub(crate) fn open(
        reader: R,
        sniffed: Sniffed,
        delimiter: Option<char>,
    ) -> Result<Self, Result<String, io::Error>> {
        let mut table = Self {
            input: BufReader::with_capacity(64 * 1024, Utf8::new(reader, sniffed)),
            delimiter: ',',
            header: Vec::new(),
            next_line: 1,
            pending: VecDeque::new(),
        };
        let first = loop {
            match table.line().map_err(Err)? {
                None => return Err(Ok("the file is empty".to_owned())),
                Some((_, text)) if text.trim().is_empty() => {}
                Some(line) => break line,
            }
        };
        if first.1.trim_end_matches(['\r', '\n']).contains('\r') {
            return Err(Ok(
                "its lines end with a carriage return only (an old Macintosh file)".to_owned(),
            ));
        }
        table.delimiter = delimiter.unwrap_or_else(|| most_likely_delimiter(&first.1));
        table.pending.push_front(first);
        let mut row = Row::default();
        match table.next(&mut row).map_err(Err)? {
            Step::Row => table.header = row.fields().map(|field| field.trim().to_owned()).collect(),
            Step::Bad(why) => return Err(Ok(format!("its header cannot be read: {why}"))),
            Step::End => return Err(Ok("the file is empty".to_owned())),
        }
        Ok(table)
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// The column with this name (upper and lower case the same).
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name).or_else(|| {
            self.header
                .iter()
                .position(|column| column.eq_ignore_ascii_case(name))
        })
    }

    /// Reads the next row into `row`. Rows without any content are passed over.
    pub(crate) fn next(&mut self, row: &mut Row) -> io::Result<Step> {
        loop {
            let Some((line, text)) = self.line()? else {
                return Ok(Step::End);
            };
            row.line = line;
            row.clear();
            if let Some(why) = self.record(row, text)? {
                return Ok(Step::Bad(why));
            }
            if row.text.is_empty() {
                continue;
            }
            if !self.header.is_empty()
                && row
                    .fields()
                    .skip(self.header.len())
                    .any(|field| !field.is_empty())
            {
                return Ok(Step::Bad(format!(
                    "the row has {} fields, the header {}: a field that holds the delimiter must stand in quotes",
                    row.len(),
                    self.header.len()
                )));
            }
            return Ok(Step::Row);
        }
    }

    /// Splits a record that begins with this line, reading more lines while a quote is open.
    fn record(&mut self, row: &mut Row, first: String) -> io::Result<Option<String>> {
        let mut text = first;
        let mut ahead: Vec<(u64, String)> = Vec::new();
        let mut size = text.len();
        let (mut quoted, mut open) = (false, false);
        loop {
            let mut signs = text.trim_end_matches(['\n', '\r']).chars().peekable();
            while let Some(sign) = signs.next() {
                if open {
                    match sign {
                        '"' if signs.peek() == Some(&'"') => {
                            signs.next();
                            row.text.push('"');
                        }
                        '"' => open = false,
                        _ => row.text.push(sign),
                    }
                } else if sign == self.delimiter {
                    row.end_field(quoted);
                    quoted = false;
                } else if sign == '"' && !quoted && row.field_is_blank() {
                    row.drop_field();
                    (quoted, open) = (true, true);
                } else if !(quoted && sign == ' ') {
                    row.text.push(sign);
                }
            }
            if !open {
                row.end_field(quoted);
                return Ok(None);
            }
            row.text.push('\n');
            let next = if size > MAX_ROW { None } else { self.line()? };
            let Some((number, more)) = next else {
                // The lines after this one are read again, each as a row of its own.
                for line in ahead.into_iter().rev() {
                    self.pending.push_front(line);
                }
                return Ok(Some("a quote is opened and never closed".to_owned()));
            };
            size += more.len();
            text.clone_from(&more);
            ahead.push((number, more));
        }
    }

    /// The next physical line with its number.
    fn line(&mut self) -> io::Result<Option<(u64, String)>> {
        if let Some(line) = self.pending.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let count = (&mut self.input)
            .take(MAX_ROW as u64 * 4)
            .read_until(b'\n', &mut bytes)?;
        if count == 0 {
            return Ok(None);
        }
        if count >= MAX_ROW * 4 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "line {} is longer than 4 MiB: this is not a table of text",
                    self.next_line
                ),
            ));
        }
        let number = self.next_line;
        self.next_line += 1;
        // What comes out of the decoder is UTF-8.
        Ok(Some((
            number,
            String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
        )))
    }
}

impl Row {
    fn field_is_blank(&self) -> bool {
        self.text
            .get(self.ends.last().copied().unwrap_or(0)..)
            .is_some_and(|field| field.trim().is_empty())
    }

    fn drop_field(&mut self) {
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// The delimiter that stands most often outside quotes in the first line; the comma where none does.
fn most_likely_delimiter(line: &str) -> char {
    let mut counts = [(',', 0_usize), (';', 0), ('\t', 0), ('|', 0)];
    let mut open = false;
    for sign in line.chars() {
        open ^= sign == '"';
        if !open && let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| *delimiter == sign) {
            *count += 1;
        }
    }
    counts
        .iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .filter(|(_, count)| *count > 0)
        .map_or(',', |(sign, _)| *sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sniff;
    use proptest::prelude::*;

    type Found = (u64, Result<Vec<String>, String>);

    fn rows(text: &[u8]) -> (Vec<String>, Vec<Found>) {
        let sniffed = sniff(&mut &*text).unwrap();
        let mut table = Table::open(text, sniffed, None).ok().unwrap();
        let mut row = Row::default();
        let mut found = Vec::new();
        loop {
            match table.next(&mut row).unwrap() {
                Step::Row => found.push((row.line, Ok(row.fields().map(str::to_owned).collect()))),
                Step::Bad(why) => found.push((row.line, Err(why))),
                Step::End => return (table.header().to_vec(), found),
            }
        }
    }

    fn good(line: u64, fields: &[&str]) -> Found {
        (line, Ok(fields.iter().map(|field| (*field).to_owned()).collect()))
    }

    #[test]
    fn rows_keep_their_lines() {
        let (header, found) =
            rows(b" a , b\r\n1,2\r\n\r\n\"x\r\ny\", \"q\"\"q\" \r\n,\r\n3\r\n4,5,6\r\n7,8,,\r\n");
        assert_eq!(header, ["a", "b"]);
        assert_eq!(found[0], good(2, &["1", "2"]));
        assert_eq!(found[1], good(4, &["x\ny", "q\"q"]));
        assert_eq!(found[2], good(7, &["3"]));
        assert!(
            found[3]
                .1
                .as_ref()
                .unwrap_err()
                .contains("3 fields, the header 2")
        );
        assert_eq!(found[3].0, 8);
        assert_eq!(found[4], good(9, &["7", "8", "", ""]));
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn an_open_quote_costs_one_row() {
        let (_, found) = rows(b"a,b\n1,\"never closed\n2,3\n4,5\n");
        assert_eq!(
            found[0],
            (2, Err("a quote is opened and never closed".to_owned()))
        );
        assert_eq!(found[1..], [good(3, &["2", "3"]), good(4, &["4", "5"])]);
    }

    #[test]
    fn delimiters_are_found_out() {
        assert_eq!(rows(b"a;b\n1,5;2\n").1, [good(2, &["1,5", "2"])]);
        assert_eq!(rows(b"a\tb\n1\t2\n").1, [good(2, &["1", "2"])]);
        assert_eq!(rows(b"\"a,b\";c\n1;2\n").0, ["a,b", "c"]);
        assert_eq!(rows(b"one\n1\n").1, [good(2, &["1"])]);
    }

    proptest! {
        /// Whatever the `csv` crate writes is read back as it was.
        #[test]
        fn what_another_writer_writes_is_read(
            table in proptest::collection::vec(proptest::collection::vec("[a-z\",;\n é|\t]{0,8}", 3), 1..20)
        ) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            writer.write_record(["a", "b", "c"]).unwrap();
            for record in &table {
                writer.write_record(record).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let kept: Vec<_> = table.iter().filter(|record| record.iter().any(|f| !f.is_empty())).cloned().collect();
            let found: Vec<_> = rows(&bytes).1.into_iter().map(|(_, row)| row.unwrap()).collect();
            prop_assert_eq!(found, kept);
        }

        /// No input panics, and no line is lost: every line without a quote comes out as a row.
        #[test]
        fn nothing_panics(text in "[a-z\",;\n\r é]{1,200}") {
            let _ = Table::open(text.as_bytes(), sniff(&mut text.as_bytes()).unwrap(), None).map(|mut table| {
                let mut row = Row::default();
                while table.next(&mut row).unwrap() != Step::End {}
            });
        }
    }
}

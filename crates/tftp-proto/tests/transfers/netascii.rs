//! The text mode's translation, in pieces of every length.

use tftp_proto::netascii::{Decoder, Encoder, encoded_len};

fn encode(pieces: &[&[u8]]) -> Vec<u8> {
    let (mut encoder, mut out) = (Encoder::new(), Vec::new());
    pieces.iter().for_each(|piece| encoder.encode(piece, &mut out));
    out
}

fn decode(pieces: &[&[u8]]) -> Vec<u8> {
    let (mut decoder, mut out) = (Decoder::new(), Vec::new());
    pieces.iter().for_each(|piece| decoder.decode(piece, &mut out));
    decoder.finish(&mut out);
    out
}

#[test]
fn lines_end_with_cr_lf_on_the_wire() {
    assert_eq!(encode(&[b"one\ntwo\n"]), b"one\r\ntwo\r\n");
    assert_eq!(encode(&[b"bare\rreturn"]), b"bare\r\0return");
    assert_eq!(
        encode(&[b"dos\r\n"]),
        b"dos\r\0\r\n",
        "a local CR is data, also before LF"
    );
    assert_eq!(encode(&[]), b"");
}

#[test]
fn a_pair_may_be_split_between_blocks() {
    assert_eq!(decode(&[b"one\r", b"\ntwo\r", b"\0three"]), b"one\ntwo\rthree");
    assert_eq!(decode(&[b"one\r", b"", b"\n"]), b"one\n");
    assert_eq!(decode(&[b"\r", b"\r", b"\n"]), b"\r\n");
}

#[test]
fn invalid_netascii_is_kept() {
    assert_eq!(decode(&[b"a\rb"]), b"a\rb");
    assert_eq!(decode(&[b"a\r", b"b"]), b"a\rb");
    assert_eq!(decode(&[b"lone\nfeed"]), b"lone\nfeed");
    assert_eq!(decode(&[b"end\r"]), b"end\r");
    assert_eq!(decode(&[b"\0"]), b"\0");
}

#[test]
fn every_short_text_survives_in_pieces_of_every_length() {
    let letters = b"\r\n\0a";
    for code in 0..4usize.pow(7) {
        let text: Vec<u8> = (0..7).map(|at| letters[code >> (2 * at) & 3]).collect();
        let wire = encode(&[&text]);
        assert_eq!(encoded_len(&text), wire.len() as u64);
        for length in 1..=4 {
            let (local, sent): (Vec<_>, Vec<_>) =
                (text.chunks(length).collect(), wire.chunks(length).collect());
            assert_eq!(encode(&local), wire);
            assert_eq!(decode(&sent), text);
        }
    }
}

use super::super::testing::{self, Inbox};
use super::*;

fn conns(ids: &[i32]) -> Conns {
    let conns = Conns::default();
    for &id in ids {
        let reply = testing::reply(&Inbox::new(), id);
        conns.insert(Arc::new(Record::new(testing::connection(id), Some(reply))));
    }
    conns
}

#[test]
fn an_index_is_a_position_or_an_id() {
    let conns = conns(&[1_000_003, 1_000_001, 1_000_002]);
    assert_eq!(conns.at(0).unwrap().id(), 1_000_001);
    assert_eq!(conns.at(2).unwrap().id(), 1_000_003);
    assert_eq!(conns.at(1_000_002).unwrap().id(), 1_000_002);
    for index in [-1, 3, 1_000_000, 1_000_004, i32::MIN, i32::MAX] {
        assert_eq!(conns.at(index).unwrap_err().code, 903, "{index}");
    }
    conns.remove(1_000_001);
    assert_eq!(conns.at(0).unwrap().id(), 1_000_002);
    assert_eq!(conns.count(), 2);
}

#[test]
fn fields() {
    let record = Record::new(testing::connection(1_000_001), None);
    let text = |field| record.get(field).into_text().unwrap();
    assert_eq!(text(ConnField::ConnectionId), "1000001");
    assert_eq!(text(ConnField::Filename), "file");
    assert_eq!(text(ConnField::RemoteHost), "192.0.2.7");
    assert_eq!(text(ConnField::RemotePort), "4000");
    assert_eq!(text(ConnField::TransferMode), "0");
    assert_eq!(text(ConnField::LocalFile), "");
}

#[test]
fn sources_may_be_set_until_the_transfer_begins() {
    let record = Record::new(testing::connection(1_000_001), None);
    let feeds = testing::feeds();
    let data = Value::Binary(Bytes::new(vec![0, 255]));
    record.set(ConnField::FileData, data.clone(), &feeds).unwrap();
    record
        .set(ConnField::LocalFile, Value::Text("/a".into()), &feeds)
        .unwrap();
    assert_eq!(record.get(ConnField::FileData), data);
    assert_eq!(record.get(ConnField::LocalFile), Value::Text("/a".into()));
    record.found(Some("/b".into()));
    assert_eq!(record.get(ConnField::LocalFile), Value::Text("/b".into()));
    record.begin();
    assert_eq!(
        record
            .set(ConnField::FileData, Value::Text("x".into()), &feeds)
            .unwrap_err()
            .code,
        130
    );
    assert_eq!(record.get(ConnField::FileData), data);
}

#[test]
fn a_download_is_fed_where_its_size_was_set_and_an_upload_never() {
    let feeds = testing::feeds();
    let record = Record::new(testing::connection(1_000_001), None);
    assert_eq!(record.get(ConnField::DataSize), Value::Unset);
    record
        .set(ConnField::DataKey, Value::Text("k".into()), &feeds)
        .unwrap();
    assert!(!record.is_fed());
    record
        .set(ConnField::DataSize, Value::Integer(-1), &feeds)
        .unwrap();
    assert!(record.is_fed());
    assert_eq!(record.get(ConnField::DataSize), Value::Integer(-1));
    assert_eq!(record.get(ConnField::DataKey), Value::Text("k".into()));
    let fed = record.sources(&record.state.lock()).fed.unwrap();
    assert_eq!(
        (fed.name, fed.size, fed.key.as_deref()),
        (1_000_001, None, Some("k"))
    );
    let data = Value::Binary(Bytes::new(vec![1]));
    record.set(ConnField::FileData, data, &feeds).unwrap();
    assert!(!record.is_fed(), "ConnFileData comes first");

    let upload = Record::new(testing::asking(1_000_002, Operation::Write), None);
    for (field, value) in [
        (ConnField::DataSize, Value::Integer(1)),
        (ConnField::DataKey, Value::Text("k".into())),
    ] {
        assert_eq!(upload.set(field, value, &feeds).unwrap_err().code, 130);
    }
}

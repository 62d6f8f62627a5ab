pub mod errors;
pub mod events;
pub mod property;
pub mod setting;
mod value;

#[derive(Debug)]
pub struct Server;
impl Server {
    pub fn open() -> std::sync::Arc<Server> {
        std::sync::Arc::new(Server)
    }
    pub fn close(&self) {}
    pub fn register(
        &self,
        _: i32,
        _: Option<std::sync::Arc<dyn events::Callback>>,
    ) -> Result<(), errors::Failure> {
        Ok(())
    }
    pub fn get(&self, id: i32, _: i32) -> Result<value::Value, errors::Failure> {
        property::find(id).map(|_| value::Value::Integer(0))
    }
    pub fn set(&self, id: i32, _: i32, _: value::Value) -> Result<(), errors::Failure> {
        property::find(id).map(|_| ())
    }
    pub fn config(&self, _: &str) -> Result<String, errors::Failure> {
        Ok(String::new())
    }
    pub fn do_events(&self) -> Result<(), errors::Failure> {
        Ok(())
    }
    pub fn start_listening(&self) -> Result<(), errors::Failure> {
        Ok(())
    }
    pub fn stop_listening(&self) {}
    pub fn shutdown(&self) {}
    pub fn reset(&self) {}
    pub fn interrupt(&self) {}
    pub fn disconnect(&self, _: i32) -> Result<(), errors::Failure> {
        Ok(())
    }
    pub fn event_fd(&self) -> Result<i32, errors::Failure> {
        Ok(-1)
    }
}

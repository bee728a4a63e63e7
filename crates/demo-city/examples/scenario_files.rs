//! Writes the scenario files of a generated city: `scenario_files FOLDER [SEED] [INHABITANTS]`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let seed = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let inhabitants = arguments.next().map_or(Ok(50_000), |text| text.parse())?;
    std::fs::create_dir_all(&folder)?;
    for (name, text) in demo_city::City::generate(seed, inhabitants).scenarios() {
        std::fs::write(std::path::Path::new(&folder).join(name), text)?;
    }
    Ok(())
}

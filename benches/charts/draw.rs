//! Charts as SVG, and the page that holds them.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A line of a chart, with its name at its end.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A rate that nothing can exceed.
pub(crate) struct Roof {
    pub(crate) name: String,
    pub(crate) rate: f64,
}

const WIDTH: u32 = 760;
const FONT: &str = "system-ui, sans-serif";
/// Colours that are legible on white and on black, and distinct for the colour-blind (Okabe and Ito, darkened).
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 125, 190),
    RGBColor(213, 94, 0),
    RGBColor(0, 150, 110),
    RGBColor(190, 100, 155),
    RGBColor(150, 125, 0),
];
const GREY: RGBColor = RGBColor(140, 146, 155);

/// Draws a horizontal bar for each value, in groups; the first of each group is in colour.
pub(crate) fn bars(
    title: &str,
    unit: &str,
    groups: &[(&str, Vec<(String, f64)>)],
    caption: &str,
) -> String {
    let rows: usize = groups.iter().map(|(_, values)| values.len() + 1).sum();
    let most =
        groups.iter().flat_map(|(_, values)| values).map(|(_, value)| *value).fold(0.0, f64::max);
    draw(title, caption, rows as u32 * 20 + 110, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_right(60)
            .x_label_area_size(40)
            .y_label_area_size(90)
            .build_cartesian_2d(0.0..most * 1.02, (rows as f64)..0.0)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .y_labels(0)
            .x_desc(unit)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GREY.mix(0.3))
            .axis_style(GREY)
            .label_style(text(13))
            .draw()?;
        let mut row = 0.0;
        for (group, values) in groups {
            let heading = text(13).pos(Pos::new(HPos::Right, VPos::Center));
            let bold = (FONT, 13, FontStyle::Bold).into_font().color(&BLACK);
            let middle = |value, row| chart.plotting_area().map_coordinate(&(value, row + 0.5));
            let beside = |(x, y), by: i32| (x + by, y);
            write(area, beside(middle(0.0, row), -8), group, bold.pos(heading.pos))?;
            row += 1.0;
            for (number, (name, value)) in values.iter().enumerate() {
                let colour = if number == 0 { COLOURS[0] } else { GREY };
                let bar =
                    Rectangle::new([(0.0, row + 0.15), (*value, row + 0.85)], colour.filled());
                chart.plotting_area().draw(&bar)?;
                write(area, beside(middle(0.0, row), -8), name, heading.clone())?;
                let number = text(13).pos(Pos::new(HPos::Left, VPos::Center));
                write(area, beside(middle(*value, row), 6), &format!("{value:.2}"), number)?;
                row += 1.0;
            }
        }
        Ok(())
    })
}

/// Draws lines with logarithmic axes, each labelled at its last point, below an optional roof.
pub(crate) fn lines(
    title: &str,
    units: (&str, &str),
    lines: &[Line],
    roof: Option<&Roof>,
    caption: &str,
) -> String {
    let all = || lines.iter().flat_map(|line| &line.points);
    let least = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(f64::INFINITY, f64::min);
    let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(0.0, f64::max);
    let bottom = least(|point| point.1) * 0.7;
    let top = most(|point| point.1).max(roof.map_or(0.0, |roof| roof.rate)) * 1.4;
    let (left, right) = (least(|point| point.0), most(|point| point.0));
    draw(title, caption, 420, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_right(110)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(
                logarithmic(left..right, units.0),
                logarithmic(bottom..top, units.1),
            )?;
        chart
            .configure_mesh()
            .x_desc(units.0)
            .y_desc(units.1)
            .x_label_formatter(&|x| number(*x, units.0))
            .y_label_formatter(&|y| number(*y, units.1))
            .light_line_style(TRANSPARENT)
            .bold_line_style(GREY.mix(0.3))
            .axis_style(GREY)
            .label_style(text(13))
            .draw()?;
        if let Some(roof) = roof {
            let line = [(left, roof.rate), (right, roof.rate)];
            chart.draw_series(DashedLineSeries::new(line, 6, 4, GREY.stroke_width(2)))?;
            let above = text(13).pos(Pos::new(HPos::Left, VPos::Bottom));
            let name = format!("{}: {:.1} {}", roof.name, roof.rate, units.1);
            let (x, y) = chart.plotting_area().map_coordinate(&(left, roof.rate));
            write(area, (x + 6, y - 3), &name, above)?;
        }
        // Names of lines that end close to each other are moved apart.
        let mut ends: Vec<(usize, i32)> = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let Some(last) = line.points.last() else { continue };
            ends.push((number, chart.plotting_area().map_coordinate(last).1));
        }
        ends.sort_by_key(|(_, y)| *y);
        for next in 1..ends.len() {
            ends[next].1 = ends[next].1.max(ends[next - 1].1 + 15);
        }
        for (number, y) in ends {
            let (line, colour) = (&lines[number], COLOURS[number % COLOURS.len()]);
            chart.draw_series(LineSeries::new(
                line.points.iter().copied(),
                colour.stroke_width(2),
            ))?;
            chart.draw_series(
                line.points.iter().map(|point| Circle::new(*point, 2, colour.filled())),
            )?;
            let style =
                (FONT, 13).into_font().color(&colour).pos(Pos::new(HPos::Left, VPos::Center));
            let end = chart.plotting_area().get_x_axis_pixel_range().end;
            write(area, (end + 8, y), &line.name, style)?;
        }
        Ok(())
    })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Returns a logarithmic axis, whose marks are at powers of two unless it is an axis of times.
fn logarithmic(range: Range<f64>, unit: &str) -> LogCoord<f64> {
    let base = match unit {
        "ms" => 10.0,
        "bytes" => 16.0,
        _ => 2.0,
    };
    range.log_scale().base(base).into()
}

/// Returns a number of an axis as text, with a prefix for powers of 1024 if it counts bytes.
fn number(value: f64, unit: &str) -> String {
    if unit != "bytes" {
        return format!("{value}");
    }
    let power = (value.log2() / 10.0).floor().clamp(0.0, 3.0);
    let prefix = ["", "Ki", "Mi", "Gi"][power as usize];
    format!("{:.0} {prefix}", value / 1024_f64.powf(power)).trim_end().to_owned()
}

fn text(size: i32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&BLACK)
}

/// Writes a text at a pixel of the whole chart.
fn write(area: &Area<'_>, (x, y): (i32, i32), text: &str, style: TextStyle<'_>) -> Drawn {
    let (left, top) = area.get_base_pixel();
    area.draw(&Text::new(text.to_owned(), (x - left, y - top), style))?;
    Ok(())
}

/// Returns an SVG with a title, what `content` draws, and a caption, for light and dark backgrounds.
fn draw(
    title: &str,
    caption: &str,
    height: u32,
    content: impl FnOnce(&Area<'_>) -> Drawn,
) -> String {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let bold = (FONT, 16, FontStyle::Bold).into_font().color(&BLACK);
        root.draw(&Text::new(title.to_owned(), (16, 14), bold)).expect("SVG in memory");
        let below = text(12).pos(Pos::new(HPos::Left, VPos::Bottom));
        root.draw(&Text::new(caption.to_owned(), (16, height as i32 - 8), below))
            .expect("SVG in memory");
        content(&root.margin(44, 28, 0, 0)).expect("SVG in memory");
        root.present().expect("SVG in memory");
    }
    let style =
        "<style>.t{fill:#1f2328}@media(prefers-color-scheme:dark){.t{fill:#e6edf3}}</style>";
    let svg = svg.replace("fill=\"#000000\"", "class=\"t\"");
    let start =
        svg.find("xmlns").and_then(|at| svg[at..].find('>').map(|end| at + end + 1)).unwrap_or(0);
    format!("{}{}{}", &svg[..start], style, &svg[start..])
}

/// Returns a page of its own with all charts.
pub(crate) fn page(charts: &[String]) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>hsum beside its peers</title>\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <style>body{{max-width:{WIDTH}px;margin:2em auto}}svg{{max-width:100%;height:auto;margin:1em 0}}</style>\n{}\n</html>\n",
        charts.join("\n")
    )
}

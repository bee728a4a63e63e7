# Makes u4ssc-catalogue-1.json from the research file u4ssc.json:
#   jq -f u4ssc-catalogue.jq u4ssc.json > u4ssc-catalogue-1.json
#
# What it does: wraps the rows with a name and a version; leaves the suggested benchmarks out (they are the
# project's own and live in benchmarks-1.json); writes every KPI's data points as a list, one entry without a
# code where the KPI is not split; gives a data point a unit of its own
# where the KPI's names two; and writes every denominator as text.
{
  catalogue: "U4SSC",
  version: "1",
  about: "The 91 key performance indicators of United for Smart Sustainable Cities, in 112 data points. Identifiers, names, units and structure are facts; definitions are the project's own short words. Fields that nobody has checked against the source are listed per KPI in from_memory_fields.",
  kpis: map({
    id, dimension, sub_dimension, category, name, level, type, unit, direction,
    formula: (.formula | .denominator |= if type == "number" then tostring else . end),
    sdg, definition,
    data_points: (
      . as $kpi
      | (.data_points // [null])
      | map({
          code: .,
          unit: (
            if $kpi.id == "EC: ICT: PS: 1A" then (if . == "percent" then "%" else "number" end)
            elif $kpi.id == "EN: EN: AQ: 1C" then "µg/m³"
            elif $kpi.id == "EC: I: UP: 2A" then "yes/no"
            else $kpi.unit end)
        })
    ),
    reporting_notes, verifier_plausibility, confidence, from_memory_fields, source, formula_confidence
  })
}

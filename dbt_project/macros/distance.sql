{#- Great-circle distance in metres (haversine, mean earth radius) between two WGS84 positions. -#}
{% macro distance_m(lat_from, lon_from, lat_to, lon_to) -%}
    2 * 6371008.8 * asin(least(1.0, sqrt(
        power(sin(radians({{ lat_to }} - {{ lat_from }}) / 2), 2)
        + cos(radians({{ lat_from }})) * cos(radians({{ lat_to }}))
        * power(sin(radians({{ lon_to }} - {{ lon_from }}) / 2), 2)
    )))
{%- endmacro %}

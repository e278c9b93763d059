"""Putting a world together from what was drawn of it, part by part."""

from __future__ import annotations

from vigia.simulator.config import WorldConfig
from vigia.simulator.world import devices, people, places, posts, rotas, routes
from vigia.simulator.world.model import World
from vigia.simulator.world.regions import region_of


def build_world(config: WorldConfig) -> World:
    """The world of a configuration; the same configuration gives the same frames."""
    config = config.checked()
    clients = places.clients(config)
    sites = places.sites(config, clients)
    zones = places.zones(config, sites)
    post = posts.posts(config, sites, zones)
    needed = posts.requirements(config, sites, post)
    post = posts.with_lone(post, needed)
    chairs = rotas.lines(config.seed, config.sites, post, needed)
    person = people.people(config, sites, clients, chairs)
    points = routes.checkpoints(config, sites, zones, post)
    return World(
        config=config,
        tenants=places.tenants(config),
        clients=clients,
        calendars=places.calendars(sites),
        holidays=places.holidays(config, sites, [region_of(code) for code in sites["region"]]),
        sites=sites,
        zones=zones,
        posts=post,
        requirements=needed,
        people=person,
        devices=devices.devices(config, sites, post, person),
        checkpoints=points,
        tours=routes.tours(config, sites, post, points),
    )

"""The process once more, from the words of the specification: recursion over places as coordinates, no rows.

Also what a trace of an episode earns by (9), task by task.
"""

import math
from functools import cache

import numpy as np

from mcsopt.problems.worker_model import transmission_slots, transmitted_within


def travel_slots(process, x, y, task):
    """Return the whole slots from a place to a task."""
    distance = math.hypot(process.tasks[task].x - x, process.tasks[task].y - y)
    return math.ceil(distance / process.worker.speed - 1e-9)


def ahead(process, x, y, task):
    """Return the place one slot of travel nearer to a task."""
    here, there = np.array([x, y]), np.array([process.tasks[task].x, process.tasks[task].y])
    distance = float(np.hypot(*(there - here)))
    if distance <= process.worker.speed * (1 + 1e-9):
        return float(there[0]), float(there[1])
    nearer = here + (there - here) * process.worker.speed / distance
    return float(nearer[0]), float(nearer[1])


def best_value(process, rule=None):
    """Return the optimal value of the start, or that of a rule ``(task, left, slot) -> abandon``."""
    worker, constants, link = process.worker, process.constants, process.channel
    q = worker.compensation_share * process.payments

    @cache
    def value(task, x, y, left, slot):
        if task == process.num_tasks:
            return 0.0
        leave = -q[task] + arrive(task + 1, x, y, slot)
        go = travel(task, x, y, left, slot) if left else service(task, slot)
        if go is None:
            return leave
        if rule is None:
            return max(leave, go)
        return leave if rule(task, left, slot) else go

    def arrive(task, x, y, slot):
        return value(task, x, y, travel_slots(process, x, y, task) if task < process.num_tasks else 0, slot)

    def travel(task, x, y, left, slot):
        nearer = ahead(process, x, y, task)
        if left == 1:
            nearer = process.tasks[task].x, process.tasks[task].y
        lengths = range(worker.shortest_delay, worker.longest_delay + 1)
        total = (1 - worker.delay_chance) * value(task, *nearer, left - 1, slot + 1)
        for k in lengths:
            later = value(task, *nearer, left - 1, slot + 1 + k) - worker.delay_cost * k
            total += worker.delay_chance / len(lengths) * later
        return total - worker.travel_cost

    def service(task, slot):
        one = process.tasks[task]
        sensing = math.ceil(one.bits / worker.bits_per_slot - 1e-9)
        if max(slot, one.opening) + sensing > one.closing:
            return None
        if slot < one.opening:
            return value(task, one.x, one.y, 0, slot + 1)
        load = one.bits / (constants.bandwidth * constants.slot_seconds)
        # The channel on a fine grid of midpoints: the cost; its law by slots is exact.
        gains = link.lowest + (np.arange(20_000) + 0.5) / 20_000 * (link.highest - link.lowest)
        mean = float(np.mean(transmission_slots(load, worker.transmit_power, gains)))
        price = constants.energy_price * worker.transmit_power * constants.slot_seconds
        total = -worker.sensing_cost * sensing - price * mean
        before, slots = 0.0, 0
        while before < 1.0:
            upto = float(transmitted_within(slots, load, worker.transmit_power, link.lowest, link.highest))
            end = slot + sensing + slots
            good = end <= one.closing or constants.deadline == "sensed"
            total += (upto - before) * (process.payments[task] if good else -q[task])
            if upto > before:
                total += (upto - before) * arrive(task + 1, one.x, one.y, end)
            before, slots = upto, slots + 1
        return total

    return arrive(0, worker.x, worker.y, process.departure)


def realized_utility(process, trace):
    """Return what a trace earns by (9), task by task; the trace lists (decision, delay, ttr) as they came.

    A decision that could not be kept, continuing where sensing would end after the window, is abandoning.
    """
    worker, constants = process.worker, process.constants
    price = constants.energy_price * worker.transmit_power * constants.slot_seconds
    x, y, slot, steps = worker.x, worker.y, process.departure, iter(trace)
    utilities = []
    for task, one in enumerate(process.tasks):
        q = worker.compensation_share * process.payments[task]
        sensing = math.ceil(one.bits / worker.bits_per_slot - 1e-9)
        left, sunk, completed, cost = travel_slots(process, x, y, task), 0.0, False, 0.0
        while True:
            abandons, delay, ttr = next(steps)
            if abandons or (left == 0 and max(slot, one.opening) + sensing > one.closing):
                break
            if left:
                x, y = ahead(process, x, y, task)
                left, slot = left - 1, slot + 1 + delay
                sunk += worker.travel_cost + worker.delay_cost * delay
            elif slot < one.opening:
                slot += 1
            else:
                finish = slot + sensing + ttr
                completed = finish <= one.closing or constants.deadline == "sensed"
                cost = sunk = sunk + worker.sensing_cost * sensing + price * ttr
                slot = math.ceil(finish - 1e-9)
                break
        utilities.append(process.payments[task] - cost if completed else -sunk - q)
    assert next(steps, None) is None
    return math.fsum(utilities)

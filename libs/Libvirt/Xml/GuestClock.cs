using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml;

/// <summary>Clock and timers (<c>&lt;clock&gt;</c>).</summary>
public sealed record GuestClock
{
    /// <summary><c>utc</c>, <c>localtime</c>, <c>timezone</c>, <c>variable</c>.</summary>
    public string Offset { get; init; } = "utc";

    /// <summary>Timers.</summary>
    public IReadOnlyList<GuestTimer> Timers { get; init; } = [];

    internal XElement ToXml() => new(
        "clock",
        Attribute("offset", Offset),
        Timers.Select(timer => new XElement(
            "timer", Attribute("name", timer.Name), Attribute("tickpolicy", timer.TickPolicy), YesNo("present", timer.Present))));

    internal static GuestClock? Read(XElement? clock) => clock is null ? null : new GuestClock
    {
        Offset = clock.Text("offset") ?? "utc",
        Timers = clock.List("timer", timer => new GuestTimer(timer.Text("name") ?? "", timer.Text("tickpolicy"), timer.Flag("present"))),
    };
}

/// <summary>A timer.</summary>
/// <param name="Name"><c>pit</c>, <c>rtc</c>, <c>hpet</c>, <c>kvmclock</c>, <c>hypervclock</c>, ….</param>
/// <param name="TickPolicy">What happens to missed ticks: <c>delay</c>, <c>catchup</c>, <c>merge</c>, <c>discard</c>.</param>
/// <param name="Present">Whether the guest has it.</param>
public sealed record GuestTimer(string Name, string? TickPolicy = null, bool? Present = null);

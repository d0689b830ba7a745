using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.NodeAgent.Actors;

namespace Kilonova.NodeAgent.Tests.Actors;

public class TurnGateTests
{
    private static readonly DateTimeOffset Day = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task So_many_go_at_a_time_and_the_oldest_goes_next()
    {
        var gate = new TurnGate(2);
        await gate.EnterAsync(Made("a", 9), default);
        await gate.EnterAsync(Made("b", 8), default);
        var order = new List<string>();
        // Arriving youngest first; two of the same second go by name.
        var waiting = new[] { ("f", 5), ("e", 4), ("d", 4), ("c", 1) }.Select(made => (made.Item1, Turn: gate.EnterAsync(Made(made.Item1, made.Item2), default))).ToList();
        Assert.All(waiting, who => Assert.False(who.Turn.IsCompleted));
        foreach (var _ in waiting.ToList())
        {
            gate.Leave();
            var next = await Task.WhenAny(waiting.Select(who => who.Turn)).WaitAsync(TimeSpan.FromSeconds(10));
            var who = Assert.Single(waiting, who => who.Turn.IsCompleted);
            Assert.Same(next, who.Turn);
            order.Add(who.Item1);
            waiting.Remove(who);
        }

        Assert.Equal(["c", "d", "e", "f"], order);
    }

    [Fact]
    public async Task Who_gives_up_is_passed_over_and_takes_no_place()
    {
        var gate = new TurnGate(1);
        await gate.EnterAsync(Made("a", 1), default);
        using var tired = new CancellationTokenSource();
        var first = gate.EnterAsync(Made("b", 2), tired.Token);
        var second = gate.EnterAsync(Made("c", 3), default);
        await tired.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => first);
        gate.Leave();
        await second.WaitAsync(TimeSpan.FromSeconds(10));
        gate.Leave();
        await gate.EnterAsync(Made("d", 4), default).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(gate.EnterAsync(Made("e", 5), default).IsCompleted);
    }

    private static Instance Made(string name, int hour) => new() { Metadata = new ObjectMeta { Name = name, CreationTimestamp = Day.AddHours(hour) }, Spec = Protocol.Views.Instance().Spec };
}

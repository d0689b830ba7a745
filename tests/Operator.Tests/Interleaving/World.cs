namespace Kilonova.Operator.Tests.Interleaving;

/// <summary>
/// Runs actors one store operation at a time, in an order drawn from a seed. Everything happens on one thread; an operation that is not drawn is an actor that is
/// paused there, for as long as it takes; an actor that is killed never comes back.
/// </summary>
internal sealed class World(int seed) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Call, object? State)> _ready = new();
    private readonly List<Pending> _pending = [];
    private readonly Queue<string> _trace = new();

    public Random Random { get; } = new(seed);

    public int Seed => seed;

    public int Steps { get; private set; }

    /// <summary>Checked after each step; returns what is broken.</summary>
    public Func<string?> Invariants { get; set; } = () => null;

    public override void Post(SendOrPostCallback d, object? state) => _ready.Enqueue((d, state));

    /// <summary>Does an operation when it is drawn.</summary>
    public Task<T> Do<T>(Actor actor, string what, Func<T> operation)
    {
        var done = new TaskCompletionSource<T>();
        _pending.Add(new Pending(actor, what, () => done.SetResult(operation())));
        return done.Task;
    }

    /// <summary>Starts an actor's life; its first operation waits to be drawn.</summary>
    public void Start(Actor actor)
    {
        async void Live() => await actor.LiveAsync();
        Live();
        Drain();
    }

    /// <summary>An actor is gone, in the middle of whatever it did.</summary>
    public void Kill(Actor actor)
    {
        actor.Dead = true;
        _pending.RemoveAll(p => p.Actor == actor);
        Note($"{actor.Name} dies");
    }

    /// <summary>One step of one actor.</summary>
    /// <param name="only">Which actors may be drawn.</param>
    public void Step(Func<Actor, bool>? only = null)
    {
        var candidates = only is null ? _pending : _pending.Where(p => only(p.Actor)).ToList();
        var drawn = candidates[Random.Next(candidates.Count)];
        _pending.Remove(drawn);
        Steps++;
        Note($"{drawn.Actor.Name}: {drawn.What}");
        drawn.Run();
        Drain();
        if (Invariants() is { } broken)
            Fail(broken);
    }

    public void Note(string what)
    {
        _trace.Enqueue(what);
        if (_trace.Count > 120)
            _trace.Dequeue();
    }

    public void Fail(string broken) => Assert.Fail($"seed {seed}, step {Steps}: {broken}\n{string.Join('\n', _trace)}");

    private void Drain()
    {
        while (_ready.TryDequeue(out var next))
            next.Call(next.State);
    }

    private sealed record Pending(Actor Actor, string What, Action Run);
}

/// <summary>Something that acts: a leader, an agent, the users.</summary>
internal abstract class Actor(World world, string name)
{
    public string Name { get; } = name;

    public bool Dead { get; set; }

    protected World World { get; } = world;

    public abstract Task LiveAsync();

    protected Task<T> Do<T>(string what, Func<T> operation) => World.Do(this, what, operation);

    protected Task Do(string what, Action operation) => World.Do(this, what, () =>
    {
        operation();
        return true;
    });
}

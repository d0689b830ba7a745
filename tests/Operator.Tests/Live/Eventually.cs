namespace Kilonova.Operator.Tests.Live;

/// <summary>Waits for a condition, polling; says what was waited for when it does not come.</summary>
internal static class Eventually
{
    public static async Task Is(Func<Task<bool>> condition, string what, int seconds = 180, Func<string>? describe = null)
    {
        var until = Environment.TickCount64 + (seconds * 1000L);
        while (!await condition())
        {
            if (Environment.TickCount64 > until)
                throw new TimeoutException($"not within {seconds} s: {what}{(describe is null ? "" : $"\n{describe()}")}");
            await Task.Delay(50);
        }
    }

    public static Task Is(Func<bool> condition, string what, int seconds = 180, Func<string>? describe = null) => Is(() => Task.FromResult(condition()), what, seconds, describe);
}

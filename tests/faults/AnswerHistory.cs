namespace Kilonova.Faults;

/// <summary>A complete answer to a read.</summary>
internal sealed record Answer(IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body);

/// <summary>The last few answers to each read, for replay as what another, slower API server would say.</summary>
internal sealed class AnswerHistory
{
    public const int MaxBody = 1024 * 1024;
    private const int PerRead = 4;
    private const int MaxReads = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue<Answer>> _answers = [];
    private readonly Queue<string> _order = new();

    public void Note(string read, Answer answer)
    {
        lock (_lock)
        {
            if (!_answers.TryGetValue(read, out var answers))
            {
                if (_order.Count == MaxReads)
                    _answers.Remove(_order.Dequeue());
                _order.Enqueue(read);
                _answers[read] = answers = new Queue<Answer>(PerRead);
            }

            if (answers.Count == PerRead)
                answers.Dequeue();
            answers.Enqueue(answer);
        }
    }

    public Answer? Oldest(string read)
    {
        lock (_lock)
            return _answers.TryGetValue(read, out var answers) ? answers.Peek() : null;
    }
}
